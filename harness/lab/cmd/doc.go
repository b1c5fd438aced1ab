// Package cmd is cmd.exe, the command interpreter, on the simulated machine.
//
// [Program] interprets the command line that the process was started with, or
// its standard input, through the phases of the real interpreter: percent
// expansion of a line, parsing into a tree (operators, blocks, redirections,
// IF, FOR), then, when a command runs, expansion of FOR variables and delayed
// expansion, redirection, and either a built-in command or a process. Whatever
// touches the machine goes through package kernel; the interpreter's own state
// is the current directory and the environment of its process.
//
// The sides of a pipe that are not plain programs run in interpreters of their
// own (`cmd.exe  /S /D /c" ... "`), as in Windows, and one after the other: the
// left side ends before the right one starts, so that the same input always
// gives the same order of events.
//
// Behaviour follows the built-in help of the commands ("cmd /?", "for /?",
// "if /?", "set /?") and recorded process events.
package cmd
