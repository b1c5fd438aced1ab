// Package function declares the scalar functions of the Kusto Query Language. A [Function] is one
// declaration that the binder reads for its signatures, the executor for its implementation, and the
// help and the tests for both and for the page that documents it.
//
// To add a function, add a line to a family: a slice of declarations in the file of its kind. A
// function of the scalars of one row has a [Call]; one that gives several values has [Function.Parts].
// What looks at tables, at columns or at neighbouring rows is declared here too and says who
// implements it. A declaration with none of these is a function that Kusto has and this engine lacks.
package function
