package bind_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/testdata"
)

// seedSchema is a small schema for tests: some columns of tables of Defender XDR.
func seedSchema() *bind.Schema {
	text := func(names ...string) []value.Column {
		var out []value.Column
		for _, n := range names {
			out = append(out, value.Column{Name: n, Type: value.String})
		}
		return out
	}
	base := []value.Column{{Name: "Timestamp", Type: value.DateTime}}
	table := func(name string, names ...string) bind.Table {
		return bind.Table{Name: name, Columns: append(append([]value.Column(nil), base...), text(names...)...)}
	}
	initiating := []string{
		"DeviceName", "ActionType", "InitiatingProcessAccountName", "InitiatingProcessFileName", "InitiatingProcessCommandLine",
	}
	return bind.NewSchema("test", []bind.Table{
		table("DeviceRegistryEvents", append(initiating, "RegistryKey", "RegistryValueName", "RegistryValueData")...),
		table("DeviceFileEvents", append(initiating, "FileName", "FolderPath", "SHA1")...),
		table("DeviceImageLoadEvents", append(initiating, "FileName", "FolderPath")...),
		{Name: "T", Columns: []value.Column{
			{Name: "a", Type: value.Long},
			{Name: "b", Type: value.String},
			{Name: "c", Type: value.Dynamic},
			{Name: "d", Type: value.DateTime},
			{Name: "e", Type: value.Real},
			{Name: "f", Type: value.Int},
		}},
		{Name: "U", Columns: []value.Column{{Name: "a", Type: value.Long}, {Name: "x", Type: value.String}}},
	}, fileProfile())
}

// fileProfile is a function of the service as Defender XDR has it, with few columns.
func fileProfile() bind.ServiceFunction {
	return bind.ServiceFunction{
		Name: "FileProfile", Invoked: true, Columns: []value.Column{{Name: "GlobalPrevalence", Type: value.Long}},
		Parameters: []bind.ServiceParameter{
			{Name: "x", Type: value.String, Optional: true, Column: true}, {Name: "y", Type: value.Long, Optional: true},
		},
	}
}

// TestResultColumns shows the names, types and order that operators give.
func TestResultColumns(t *testing.T) {
	for query, want := range map[string]string{
		`T | project a, b, a + 1, strlen(b)`:                                            `a:long,b:string,Column1:long,strlen_b:long`,
		`T | project tostring(b), x = a`:                                                `b:string,x:long`,
		`T | extend a = "x", z = a`:                                                     `a:string,b:string,c:dynamic,d:datetime,e:real,f:int,z:long`,
		`T | summarize count(), sum(f), dcount(b), make_set(b) by a`:                    `a:long,count_:long,sum_f:long,dcount_b:long,set_b:dynamic`,
		`T | summarize round(avg(e), 2), count() * 2 by bin(d, 1h)`:                     `d:datetime,avg_e:real,Column1:long`,
		`T | summarize arg_max(d, b, e) by a`:                                           `a:long,d:datetime,b:string,e:real`,
		`T | summarize m = arg_max(d, *) by a`:                                          `a:long,m:datetime,b:string,c:dynamic,e:real,f:int`,
		`T | summarize arg_max(d, a) by a`:                                              `a:long,d:datetime,a1:long`,
		`T | summarize take_any(b), percentiles(e, 5, 95)`:                              `b:string,percentile_e_5:real,percentile_e_95:real`,
		`T | join kind=inner U on a`:                                                    `a:long,b:string,c:dynamic,d:datetime,e:real,f:int,a1:long,x:string`,
		`T | join kind=leftanti U on a`:                                                 `a:long,b:string,c:dynamic,d:datetime,e:real,f:int`,
		`T | join kind=rightsemi U on $left.a == $right.a`:                              `a:long,x:string`,
		`T | lookup U on a`:                                                             `a:long,b:string,c:dynamic,d:datetime,e:real,f:int,x:string`,
		`union withsource=S (T | project a, k = b), (U | project k = a)`:                `S:string,a:long,k_string:string,k_long:long`,
		`union kind=inner T, U`:                                                         `a:long`,
		`T | distinct b`:                                                                `b:string`,
		`T | count`:                                                                     `Count:long`,
		`print 1, x = "a", strcat("a", "b")`:                                            `print_0:long,x:string,print_2:string`,
		`range i from 1 to 3 step 1`:                                                    `i:long`,
		`T | mv-expand c to typeof(long)`:                                               `a:long,b:string,c:long,d:datetime,e:real,f:int`,
		`T | mv-expand with_itemindex=i x = c`:                                          `a:long,b:string,c:dynamic,d:datetime,e:real,f:int,x:dynamic,i:long`,
		`T | mv-apply v = c to typeof(long) on (summarize s = sum(v))`:                  `a:long,b:string,c:dynamic,d:datetime,e:real,f:int,s:long`,
		`T | parse b with * "x=" n:long " " rest`:                                       `a:long,b:string,c:dynamic,d:datetime,e:real,f:int,n:long,rest:string`,
		`T | project-away c, d | project-rename q = b | project-reorder f, q`:           `f:int,q:string,a:long,e:real`,
		`T | project-keep a, b | project-reorder *`:                                     `a:long,b:string`,
		`T | make-series n = count() on d step 1h by b`:                                 `b:string,n:dynamic,d:dynamic`,
		`T | top-nested 2 of b by count()`:                                              `b:string,aggregated_b:long`,
		`T | getschema`:                                                                 `ColumnName:string,ColumnOrdinal:long,DataType:string,ColumnType:string`,
		`T | extend c.x.y, c["z"]`:                                                      `a:long,b:string,c:dynamic,d:datetime,e:real,f:int,c_x_y:dynamic,c_z:dynamic`,
		`T | invoke FileProfile(b, 1000) | project GlobalPrevalence`:                    `GlobalPrevalence:long`,
		`let f = (t:(a:long), n:long) { t | where a > n | project a }; T | invoke f(3)`: `a:long`,
		`let k = 5; let g = (x:long) { x * k }; T | project y = g(a)`:                   `y:long`,
		`datatable(n:string, v:int)["a", 1]`:                                            `n:string,v:int`,
		`T | extend (lo, hi) = series_stats(c) | project lo, hi`:                        `lo:real,hi:long`,
		`T | evaluate pivot(b) | project a`:                                             `a:long`,
		`find in (T, U) where a == 1`:                                                   `source_:string,a:long,pack_:dynamic`,
		`find in (T, U) where a == 1 project a, x, d:string`:                            `source_:string,a:long,x:string,d:string`,
		`declare pattern p = (k:string)[v:string] { ("a").["b"] = { U }; }; p("a").b`:   `a:long,x:string`,
		`print column_names_of(U)`:                                                      `print_0:dynamic`,
		`U | search "x"`:                                                                `$table:string,a:long,x:string`,
		`T | project v = toscalar(U | summarize max(x))`:                                `v:string`,
	} {
		t.Run(query, func(t *testing.T) {
			got := bindText(query, seedSchema())
			require.Empty(t, got.errors)
			require.Empty(t, cmp.Diff(want, describe(got.columns)))
		})
	}
}

// TestDiagnostics shows what is reported, where, and with which hint.
func TestDiagnostics(t *testing.T) {
	for query, want := range map[string][]string{
		`T | where nope == 1 and A == 2 | project nope2`: {
			"1:11 KS142 the name 'nope' does not refer to any known column, table, variable or function",
			`1:25 KS142 the name 'A' does not refer to any known column, table, variable or function (did you mean "a"?)`,
			"1:42 KS142 the name 'nope2' does not refer to any known column, table, variable or function",
		},
		`DeviceFileEvent | take 1`: {
			"1:1 KS204 the name 'DeviceFileEvent' does not refer to any known table, tabular variable or function " +
				`(did you mean "DeviceFileEvents"?)`,
		},
		`T | extend x = tostrng(a)`: {
			"1:16 KS211 the name 'tostrng' does not refer to any known function " + `(did you mean "tostring"?)`,
		},
		`T | project a, a`:        {"1:16 KS171 a column with the name 'a' is already declared"},
		`let x = 1; let x = 2; T`: {"1:16 KS201 a variable with the name 'x' has already been declared"},
		`T | where a has_cs "x" and b + 1 == 2`: {
			"1:13 KS106 the operator 'has_cs' is not defined for the operand types long and string",
			"1:30 KS106 the operator '+' is not defined for the operand types string and long (strcat() joins texts)",
		},
		`T | where a`:                        {"1:11 KS141 the expression must have the type bool"},
		`T | where b.x == 1`:                 {"1:13 KS142 the name 'x' does not refer to any known column, table, variable or function (a string has no properties: use parse_json() first)"},
		`T | extend q = strlen()`:            {"1:16 KS119 the function 'strlen' expects 1 argument"},
		`T | where count() > 1`:              {"1:11 KS144 the aggregate function 'count' is not allowed in this context"},
		`T | summarize sum(a) + a`:           {"1:24 KS236 the name 'a' is not an aggregate or scalar function"},
		`T | summarize count() by c`:         {"1:26 KS116 a value of type 'dynamic' is not allowed in this context"},
		`T | join U on x`:                    {"1:15 KS145 the column 'x' must exist on both sides of the join"},
		`T | join kind=iner U on a`:          {`1:15 KS005 expected one of: innerunique, inner, leftouter, rightouter, fullouter, leftanti, anti, leftantisemi, leftsemi, semi, rightanti, rightantisemi, rightsemi (did you mean "inner"?)`},
		`T | project iff(a > 1, "x", 2)`:     {"1:13 SEM0525 the branches of 'iff' must have one type, but are string and long"},
		`T | where c == c`:                   {"1:13 SEM0001 values of type dynamic cannot be compared with each other (cast one side, as in tostring(...) or tolong(...))"},
		`T | where b matches regex "a(?=b)"`: {"1:27 SEM0420 the regular expression uses look-around ((?=), which is not supported"},
		`T | summarize 1 + 2`:                {"1:15 SEM0085 the expression has no aggregate function"},
		`let f = (n:long) { T | where a > n }; T | extend z = toscalar(f(a))`: {
			"1:65 KS142 the name 'a' does not refer to any known column, table, variable or function",
		},
		`let f = (t:(q:long)) { t }; f(T)`: {"1:31 KS249 the tabular value does not have the required columns: it lacks q:long"},
		`let f = () { f() }; f()`:          {"1:14 KS211 the name 'f' does not refer to any known function"},
		`union isfuzzy=true T, Gone | project zzz`: {
			"1:38 KS142 the name 'zzz' does not refer to any known column, table, variable or function",
		},
	} {
		t.Run(query, func(t *testing.T) {
			require.Empty(t, cmp.Diff(want, diagnosticsOf(query, seedSchema())))
		})
	}
}

func diagnosticsOf(query string, schema *bind.Schema) []string {
	src := &syntax.Source{Text: query}
	q, diagnostics := syntax.Parse(src)
	var out []string
	for _, d := range append(diagnostics, bind.Bind(src, q, schema).Diagnostics...) {
		if d.Severity != syntax.SeverityError {
			continue
		}
		line := fmt.Sprintf("%s %s %s", src.Position(d.Span.Start), d.Code, d.Message)
		if d.Hint != "" {
			line += " (" + d.Hint + ")"
		}
		out = append(out, line)
	}
	return out
}

// TestSeedRule is the promise about the rule that the project began with: what is wrong is said, and what was meant.
func TestSeedRule(t *testing.T) {
	text, err := os.ReadFile(testdata.Shared(t, "kql/seed_rule.kql"))
	require.NoError(t, err)
	all := schemas()
	for _, name := range []string{"defender_xdr", "log_analytics"} {
		var want []string
		for _, at := range []string{"17:34", "30:34", "40:34"} {
			want = append(want, at+" KS142 the name 'AccountName' does not refer to any known column, table, variable or function"+
				` (did you mean "InitiatingProcessAccountName"?)`)
		}
		require.Empty(t, cmp.Diff(want, diagnosticsOf(string(text), all[name])), name)
	}
	fixed := strings.ReplaceAll(string(text), " AccountName", " AccountName = InitiatingProcessAccountName")
	require.Empty(t, diagnosticsOf(fixed, all["defender_xdr"]))
}

// bindPlan binds a query that must bind and gives its plan.
func bindPlan(t *testing.T, query string, opts bind.Options) *bind.Result {
	t.Helper()
	src := &syntax.Source{Text: query}
	q, diagnostics := syntax.Parse(src)
	require.Empty(t, diagnostics)
	r := bind.BindWith(src, q, seedSchema(), opts)
	require.Empty(t, r.Diagnostics)
	return r
}

func TestSharedTables(t *testing.T) {
	once := bindPlan(t, `let x = T | take 1; x | project a`, bind.Options{})
	require.IsType(t, &bind.Take{}, once.Plan.(*bind.Project).Input)

	twice := bindPlan(t, `let x = T | take 1; x | join kind=inner x on a`, bind.Options{}).Plan.(*bind.Join)
	left, right := twice.Left.(*bind.Shared), twice.Right.(*bind.Shared)
	require.Equal(t, left.ID, right.ID)
	require.Same(t, left.Input, right.Input)
}

func TestVariablesAndFunctionsLeaveNoNames(t *testing.T) {
	r := bindPlan(t, `let k = 2; let f = (x:long) { x + k }; T | where f(a) == 3`, bind.Options{})
	sum := r.Plan.(*bind.Where).Predicate.(*bind.Call).Args[0].(*bind.Call)
	require.Equal(t, "+", sum.Name)
	require.Equal(t, "a", sum.Args[0].(*bind.Column).Name)
	require.Equal(t, int64(2), sum.Args[1].(*bind.Literal).Value.Int())
}

func TestLiteralsAreCoercedToTheComparedType(t *testing.T) {
	r := bindPlan(t, `T | where d == "2026-01-02" and a in ("1", "2")`, bind.Options{})
	and := r.Plan.(*bind.Where).Predicate.(*bind.Call)
	require.Equal(t, value.DateTime, and.Args[0].(*bind.Call).Args[1].Type())
	require.Equal(t, value.Long, and.Args[1].(*bind.Call).Args[2].Type())
}

// TestUnpackedColumns binds the columns of a plugin a second time, once they are known.
func TestUnpackedColumns(t *testing.T) {
	const query = `T | project a, c | evaluate bag_unpack(c) | where user == "x" | project user, a`
	first := bindPlan(t, query, bind.Options{})
	evaluate := first.Plan.(*bind.Project).Input.(*bind.Where).Input.(*bind.Evaluate)
	require.True(t, evaluate.Open)

	found := []value.Column{{Name: "a", Type: value.Long}, {Name: "user", Type: value.String}}
	second := bindPlan(t, query, bind.Options{Unpacked: map[syntax.Span][]value.Column{evaluate.Span(): found}})
	require.False(t, second.Open)
	require.Equal(t, []value.Column{{Name: "user", Type: value.String}, {Name: "a", Type: value.Long}}, second.Columns)
}

func TestTablesOfAQuery(t *testing.T) {
	r := bindPlan(t, `let x = U; T | where a in (x | project a)`, bind.Options{})
	var names []string
	for _, u := range r.Tables {
		names = append(names, u.Name)
	}
	require.Equal(t, []string{"U", "T"}, names)
}

// TestNamesOfUnionLegs shows what withsource= calls the legs, as the engine was measured to.
func TestNamesOfUnionLegs(t *testing.T) {
	for query, want := range map[string][]string{
		`union withsource=s T, U`:                                           {"T", "U"},
		`let x = U; union withsource=s T, x, (T | take 1)`:                  {"T", "U", "union_arg2"},
		`let d = datatable(a:long)[1]; T | union withsource=s d`:            {"T", "union_arg1"},
		`let v = view () { print a = 1 }; union withsource=s v, (T | as q)`: {"v", "q"},
	} {
		var got []string
		for _, leg := range bindPlan(t, query, bind.Options{}).Plan.(*bind.Union).Legs {
			got = append(got, leg.Name)
		}
		require.Equal(t, want, got, query)
	}
}

// TestExpansionsAreBounded binds functions that call each other twice, forty deep.
func TestExpansionsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("let f0 = () { 1 };\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&b, "let f%d = () { f%d() + f%d() };\n", i, i-1, i-1)
	}
	b.WriteString("print f39()")
	got := bindText(b.String(), seedSchema())
	require.False(t, got.ok)
	require.Contains(t, got.errors[0], "calls functions more than")
}

// TestCommands shows that management commands are read and bound, but not run.
func TestCommands(t *testing.T) {
	for text, want := range map[string]struct {
		columns string
		errors  []string
	}{
		`.create function f(a:long) { a + 1 }`: {columns: `Name:string,Parameters:string,Body:string,Folder:string,DocString:string`},
		`.set-or-append X <| T | where a > 1`:  {columns: `ExtentId:guid,OriginalSize:long,ExtentSize:long,ColumnSize:long,IndexSize:long,RowCount:long`},
		`.show tables | project TableName`:     {columns: `TableName:string`},
		`.show something else`:                 {},
		".drop function f\n.drop function g": {errors: []string{
			`KS142 1:16 the name 'f' does not refer to any known column, table, variable or function`,
			`KS142 2:16 the name 'g' does not refer to any known column, table, variable or function`,
		}},
		`.create function f() { Nope }`: {
			columns: `Name:string,Parameters:string,Body:string,Folder:string,DocString:string`,
			errors:  []string{`KS142 1:24 the name 'Nope' does not refer to any known column, table, variable or function`},
		},
		`.create table X`: {columns: `Name:string,Kind:string,Mapping:string,LastUpdatedOn:datetime,Database:string,Table:string`, errors: []string{`KS005 1:16 expected another form of the command, got the end of the query`}},
		`.drop table T`:   {columns: `TableName:string,DatabaseName:string`},
	} {
		got := bindText(text, seedSchema())
		require.Equal(t, want.errors, got.errors, text)
		require.Equal(t, len(want.errors) == 0, got.ok, text)
		require.Equal(t, want.columns, describe(got.columns), text)
		src := &syntax.Source{Text: text}
		q, _ := syntax.Parse(src)
		require.True(t, bind.Bind(src, q, seedSchema()).Failed(), "it cannot be run: %s", text)
	}
}
