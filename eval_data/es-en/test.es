El tren llegó con media hora de retraso por culpa de la nieve .
¿ Me puedes prestar tu bicicleta este fin de semana ?
No me gusta nada que me mientan .
Dámelo antes de que se rompa .
La empresa despidió a doscientos trabajadores a finales de abril .
Hace tres años que vivimos en este barrio .
Si hubieras estudiado más , no habrías suspendido el examen .
Se alquilan habitaciones con vistas al mar .
Mi abuela siempre decía que más vale tarde que nunca .
El presidente del Gobierno comparecerá mañana ante el Congreso para explicar el acuerdo .
¡ Qué frío hace hoy !
Los vecinos se quejaron de que los perros ladraban toda la noche .
A Lucía le regalaron un perrito por su cumpleaños .
No he visto a nadie en la oficina .
Se me ha olvidado la contraseña otra vez .
Aunque llovía a cántaros , el concierto no se suspendió .
Los tomates cuestan 1,80 euros el kilo .
Tuvimos que llamar al fontanero porque el fregadero perdía agua .
¿ De qué color quieres pintar el dormitorio ?
Las autoridades sanitarias recomiendan que los mayores de 65 años se vacunen contra la gripe .
Está a punto de salir el sol .
El libro que estoy leyendo trata de una familia de emigrantes gallegos .
Ni siquiera se despidió de sus compañeros .
Volveré a llamarte cuando sepa algo más .
Según los expertos , el lince ibérico ya no está en peligro crítico de extinción .
Échale un vistazo a este contrato antes de firmarlo .
Ella cocina y él friega los platos .
Cuanto antes empecemos , antes terminaremos .
Quedan veinticinco entradas , de las cuales solo seis son de platea .
¿ Por qué no viniste a la fiesta de anoche ?
Aquí nunca se aburre uno .
El Ayuntamiento aprobó ayer , con los votos en contra de la oposición , un plan de 40 millones de euros para peatonalizar el casco antiguo .
