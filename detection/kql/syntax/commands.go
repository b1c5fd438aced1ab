package syntax

// Command is a management command such as `.create table T (a:long)`. It asks the service to change or to describe itself, so that no
// engine without a cluster can run it; it is read as far as that tells whether it is right.
type Command struct {
	extent
	// Form is the form of the command as [CommandForms] lists it, or "" for one that is not listed.
	Form string
	// Text is the command as written.
	Text string
	// Tables and Entities are the names of what the command takes to exist: tables, and databases, functions and so on.
	Tables, Entities []*Name
	// Function is what the command declares, or nil.
	Function *Function
	// Query is the query behind `<|` or in the braces of the command, or nil.
	Query *Block
	// Piped holds the operators behind the first pipe, without a source; or nil.
	Piped Expr
}

func (*Command) statement() {}

// CommandForms lists the forms of commands that are read in full. A word stands for itself, alternatives are separated by a bar,
// and what is in brackets can be left out. Capitals stand for
//
//	NAME      a new name
//	TABLE     a table that exists
//	ENTITY    a database, a function and so on that exists, with its parts: T.c
//	TABLES    tables that exist: (A, B)
//	SCHEMA    (a:long, b:string)
//	SCHEMAS   A (a:long), B (b:string)
//	WITH      with (name=value, ...), which can be left out
//	STRING    a text
//	FUNCTION  (parameters) { body }
//	BLOCK     { query }
//	QUERY     <| query
//	DATA      the rest, which need not be KQL
//	ANY       the rest, up to a pipe or a query
//
// Source: https://learn.microsoft.com/kusto/management/
func CommandForms() []string {
	return []string{
		"create|create-or-alter function [ifnotexists] WITH NAME FUNCTION",
		"alter function ENTITY folder|docstring STRING",
		"alter function WITH ENTITY FUNCTION",
		"show function ENTITY ANY",
		"show functions",
		"drop function ENTITY [ifexists]",
		"create|create-merge table NAME ingestion ANY",
		"create|create-merge table NAME based-on NAME WITH",
		"create|create-merge table NAME SCHEMA WITH",
		"alter|alter-merge table TABLE SCHEMA WITH",
		"create|create-merge tables SCHEMAS WITH",
		"drop table TABLE [ifexists]",
		"drop tables TABLES [ifexists]",
		"rename table TABLE to NAME",
		"clear [async] table TABLE data",
		"show tables details",
		"show tables",
		"show table TABLE cslschema|schema|kqlschema ANY",
		"show table TABLE details",
		"show table TABLE ANY",
		"show database schema",
		"show databases",
		"set|set-or-append|set-or-replace [async] stored_query_result NAME WITH QUERY",
		"set|set-or-append|set-or-replace [async] NAME WITH QUERY",
		"append [async] TABLE WITH QUERY",
		"ingest inline into table NAME DATA",
		"ingest [async] into table TABLE ANY",
		"alter|alter-merge|show|delete cluster policy ANY",
		"alter|alter-merge|show|delete database|column|function|materialized-view|external-table ENTITY policy ANY",
		"alter|alter-merge|show|delete table TABLE policy ANY",
		"create-or-alter graph_model NAME STRING",
		"make [async] graph_snapshot NAME from ENTITY",
		"drop graph_model ENTITY",
		"show graph_model ENTITY ANY",
		"create external table NAME ANY",
		"create-or-alter external table NAME ANY",
		"show external tables",
		"show external table TABLE ANY",
		"drop external table TABLE",
		"create entity_group NAME ANY",
		"drop entity_group ENTITY",
		"show entity_groups",
		"create [async] [ifnotexists] materialized-view WITH NAME on table TABLE BLOCK",
		"create-or-alter materialized-view WITH NAME on table TABLE BLOCK",
		"show materialized-view TABLE ANY",
		"drop materialized-view TABLE",
		"show capacity",
		"show version",
		"drop column ENTITY",
		"show database ENTITY ANY",
		"add|drop database ENTITY ANY",
		"attach database ENTITY ANY",
	}
}
