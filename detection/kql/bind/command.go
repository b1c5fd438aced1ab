package bind

import (
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// bindCommand binds what a management command names, and gives the columns of its answer; no engine without a service runs one. Of
// several commands in one text, the answers are not known here.
func (b *binder) bindCommand(c *syntax.Command, before *bound) *bound {
	for _, name := range c.Tables {
		if _, ok := b.schema.Table(name.Text); !ok {
			b.unresolvedTable(name)
		}
	}
	for _, name := range c.Entities {
		if _, ok := b.schema.Table(name.Text); !ok {
			b.unresolved(name, false)
		}
	}
	if c.Function != nil {
		b.declareFunction("", c.Function)
	}
	if c.Query != nil {
		scope := b.scope
		b.scope = newScope(scope)
		b.bindStatements(c.Query.Statements)
		b.scope = scope
	}
	b.unsupported(c.Span(), "a management command is not a query")
	out := b.answer(c)
	if before != nil {
		return bad(c)
	}
	return out
}

// answer is what a command gives: rows of the columns of its form, or an outcome of which nothing is known.
func (b *binder) answer(c *syntax.Command) *bound {
	spec := commandColumns(c.Form)
	if spec == "" && c.Piped == nil {
		return bad(c)
	}
	r := &relation{open: spec == ""}
	for _, col := range parseColumns(strings.ReplaceAll(spec, " ", ",")) {
		r.columns = append(r.columns, &col)
	}
	r.op = &Opaque{Output: b.output(r, c), Keyword: "command"}
	if c.Piped == nil {
		return tableOf(c, r)
	}
	return tableOf(c, b.bindSubquery(c.Piped, r))
}

// commandColumns are the columns that a command of one of syntax.CommandForms gives, or "" where they are not listed.
// Source: https://learn.microsoft.com/kusto/management/
func commandColumns(form string) string {
	const (
		functions = "Name:string Parameters:string Body:string Folder:string DocString:string"
		table     = "TableName:string Schema:string DatabaseName:string Folder:string DocString:string"
		tables    = "TableName:string DatabaseName:string Folder:string DocString:string"
		extents   = "ExtentId:guid OriginalSize:long ExtentSize:long ColumnSize:long IndexSize:long RowCount:long"
		policy    = "PolicyName:string EntityName:string Policy:string ChildEntities:string EntityType:string"
		external  = "TableName:string TableType:string Folder:string DocString:string Properties:string ConnectionStrings:dynamic " +
			"Partitions:dynamic PathFormat:string"
	)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(form, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("policy"):
		return policy
	case has("stored_query_result"), form == "":
		return ""
	case has("QUERY"):
		return extents
	case has("drop function"):
		return "Name:string"
	case has("function"):
		return functions
	case has("ingest inline"):
		return "ExtentId:guid"
	case has("ingest [async]"):
		return "ExtentId:guid ItemLoaded:string Duration:string HasErrors:string OperationId:guid"
	case has("create-or-alter external"):
		return "TableName:string TableType:string Folder:string DocString:string Schema:string Properties:string"
	case has("external"):
		return external
	case has(" ingestion "):
		return "Name:string Kind:string Mapping:string LastUpdatedOn:datetime Database:string Table:string"
	case has("drop table", "drop tables"):
		return "TableName:string DatabaseName:string"
	case has(" tables details", "TABLE details", "show table TABLE ANY"):
		return ""
	case has(" tables", "rename table"):
		return tables
	case has(" table NAME", " table TABLE SCHEMA", "drop column", "cslschema"):
		return table
	}
	return otherColumns(form)
}

func otherColumns(form string) string {
	switch {
	case strings.HasPrefix(form, "create-or-alter graph_model"):
		return "Name:string CreationTime:datetime Id:guid SnapshotCount:long Model:string RetentionPolicy:string CachingPolicy:string"
	case strings.Contains(form, "graph_snapshot"):
		return "Name:string SnapshotTime:datetime ModelName:string ModelId:guid ModelCreationTime:datetime NodesCount:long EdgesCount:long " +
			"RetentionPolicy:string CachingPolicy:string"
	case form == "drop graph_model ENTITY":
		return "Name:string CreationTime:datetime Id:guid"
	case strings.Contains(form, "entity_group"):
		return "Name:string Entities:string"
	case form == "show databases":
		return "DatabaseName:string PersistentStorage:string Version:string IsCurrent:bool DatabaseAccessMode:string PrettyName:string " +
			"ReservedSlot1:bool DatabaseId:guid InTransitionTo:string"
	case form == "show database schema":
		return "DatabaseName:string TableName:string ColumnName:string ColumnType:string IsDefaultTable:bool IsDefaultColumn:bool " +
			"PrettyName:string Version:string Folder:string DocString:string"
	case form == "show capacity":
		return "Resource:string Total:long Consumed:long Remaining:long"
	case form == "show version":
		return "BuildVersion:string BuildTime:datetime ServiceType:string ProductVersion:string"
	default:
		return ""
	}
}
