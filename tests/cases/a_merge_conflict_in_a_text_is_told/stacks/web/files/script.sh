echo
<<<<<<< HEAD
a
=======
b
>>>>>>> other
