package kql_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// oddLiterals are values that functions trip over.
var oddLiterals = []string{
	`""`, `"abc"`, `"1.2.3.4/33"`, `"("`, `"day"`, `"$.a[0]"`, "0", "-1", "1", "9223372036854775807", "long(null)", "int(-2147483648)",
	"0.0", "-1.5", "real(nan)", "real(+inf)", "decimal(1.5)", "datetime(0001-01-01)", "datetime(9999-12-31)", "datetime(null)",
	"0s", "-1d", "1000000d", "true", "bool(null)", "dynamic(null)", "dynamic([])", `dynamic([1,"a",null,[2]])`, `dynamic({"a":[1]})`,
	"guid(null)", "Size", "Host", "parse_json(Extra)", "typeof(long)", "*",
}

// TestEveryFunctionSurvives calls every function, aggregate and plugin with odd arguments, as
// many as it takes: whatever the result, there is one, or an error.
func TestEveryFunctionSurvives(t *testing.T) {
	functions, aggregates, plugins := bind.Builtins()
	schema, db := bind.NewSchema("test", events()), without(nil)
	r := rand.New(rand.NewPCG(3, 5))
	ran := 0
	try := func(format, name string) {
		args := make([]string, r.IntN(5))
		for i := range args {
			args[i] = oddLiterals[r.IntN(len(oddLiterals))]
		}
		query := fmt.Sprintf(format, name, strings.Join(args, ", "))
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("%s: %v", query, p)
			}
		}()
		q, err := kql.Compile(&syntax.Source{Text: query}, schema)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if out, err := q.Run(ctx, db, benchNow); err == nil {
			rowsOf(out)
			ran++
		}
	}
	for _, name := range functions {
		for range 15 {
			try("Events | serialize x = %s(%s)", name)
		}
	}
	for _, name := range aggregates {
		for range 15 {
			try("Events | summarize x = %s(%s) by Host", name)
		}
	}
	for _, name := range plugins {
		for range 15 {
			try("Events | evaluate %s(%s)", name)
		}
	}
	require.Greater(t, ran, 200)
	t.Logf("%d calls ran", ran)
}
