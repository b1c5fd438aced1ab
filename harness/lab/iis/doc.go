// Package iis is Internet Information Services on the simulated machine: its
// configuration system, its worker processes and the services around them.
//
// The configuration is not a model of its own. A [Server] is a view over the
// text of applicationHost.config in the machine's file system: it reads the
// file as the process that asks, edits the text in place through a [Document],
// and writes it back as that process, so that a shell command which edits the
// same file, an access right that is missing or a broken element are seen by
// everybody. Each change is published as kernel.ConfigurationCommitted.
//
// A [Server.Request] is served as the real thing would: the activation service
// starts w3wp.exe for the application pool, which loads every module of
// <globalModules>; a module that cannot be loaded is logged and stops the pool.
//
//	server := iis.New(k)
//	err := server.AddGlobalModule(process, iis.Module{Name: "Audit", Image: `%windir%\System32\inetsrv\audit.dll`})
//	response, err := server.Request(ctx, "http://localhost/")
//
// Sources: the schema IIS_schema.xml and the pages "configuration reference"
// and "IIS modules overview" of the IIS documentation.
package iis
