package powershell

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/iis"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func testInterp(t testing.TB) *interp {
	t.Helper()
	h := host.New(host.Options{Seed: 1})
	k := kernel.New(h)
	web := iis.New(k)
	t.Cleanup(web.Close)
	parent, ok := k.ServiceProcess("DcomLaunch")
	require.True(t, ok)
	p, err := k.StartResident(t.Context(), parent, kernel.Spec{Image: `C:\Windows\System32\winrshost.exe`, Dir: `C:\Windows`})
	require.NoError(t, err)
	return newInterp(t.Context(), k, eventlog.New(h.Clock, h.Name), web, p, kernel.Stdio{In: strings.NewReader("a line\n"), Out: io.Discard, Err: io.Discard})
}

// odd are arguments that nobody passes on purpose.
func odd(in *interp) [][]any {
	text := newObject(&class{name: "Odd"}, "text")
	block, _ := in.compile("$_", "")
	return [][]any{
		{},
		{nil},
		{nil, nil},
		{nil, nil, nil},
		{""},
		{"x"},
		{"x", "y"},
		{"x", "y", "z"},
		{int32(-1)},
		{int32(1 << 30), int32(-5)},
		{"x", int32(-1)},
		{"x", int32(7), int32(-7)},
		{newArray()},
		{newArray(nil, "a", int32(3))},
		{newArray(), newArray(), newArray()},
		{newBytes([]byte{1, 2, 3}), int32(2), int32(9)},
		{newHash(hashtable)},
		{text},
		{text, text},
		{3.5, 2.5},
		{true, "x"},
		{block},
		{&TypeRef{name: "System.Int32"}},
		{time.Hour},
		{in.now()},
		{&Exception{}},
		{`C:\Windows`, `C:\Windows`},
		{Char('x'), int32(3)},
	}
}

// try calls f and fails the test when it panics.
func try(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: %v", what, r)
		}
	}()
	f()
}

// TestStaticsTakeAnything calls every constructor, static method and static property of the .NET surface, and then
// every member of what came back, with arguments that do not fit: errors are fine, panics are not.
func TestStaticsTakeAnything(t *testing.T) {
	in := testInterp(t)
	for _, s := range staticTable() {
		for name, get := range s.values {
			try(t, s.name+"::"+name, func() { exerciseObject(t, in, get(in)) })
		}
		for _, args := range odd(in) {
			if s.create != nil {
				try(t, s.name+"::new", func() {
					v, err := s.create(in, nil, args)
					if err == nil {
						exerciseObject(t, in, v)
					}
				})
			}
			for name, m := range s.methods {
				if m == nil || skipped(s.name, name) {
					continue
				}
				try(t, s.name+"::"+name, func() { _, _ = m(in, nil, args) })
			}
		}
	}
}

// skipped names what would end or hold up the test itself.
func skipped(typ, name string) bool { return typ == "System.Threading.Thread" && name == "sleep" }

func exerciseObject(t *testing.T, in *interp, v any) {
	t.Helper()
	o, ok := v.(*Object)
	if !ok || o.class == nil {
		return
	}
	for _, p := range o.class.props {
		try(t, o.class.name+"."+p.name, func() { p.get(in, o) })
		if p.set != nil {
			try(t, o.class.name+"."+p.name+"=", func() { _ = p.set(in, o, "x") })
		}
	}
	for _, args := range odd(in) {
		for name, m := range o.class.methods {
			try(t, o.class.name+"."+name+"()", func() { _, _ = m(in, o, args) })
		}
	}
	try(t, o.class.name+" formatted", func() { in.rendered(o) })
}

// TestValuesTakeAnything calls the methods of plain values and every operator the same way.
func TestValuesTakeAnything(t *testing.T) {
	in := testInterp(t)
	names := strings.Fields("contains startswith endswith equals tolower indexof lastindexof replace trim split substring remove insert padleft tochararray compareto " +
		"add addrange clear toarray getenumerator removeat reverse sort getlength where foreach containskey containsvalue clone adddays addmonths touniversaltime " +
		"tofiletime subtract invoke getnewclosure tostring gettype getbaseexception nosuchmethod")
	operators := strings.Fields("+ - * / % .. f band bor bxor shl shr is isnot as xor eq ne gt ge lt le like notlike match notmatch contains notcontains in notin replace split join ceq ireplace")
	for _, args := range odd(in) {
		for _, v := range args {
			for _, name := range names {
				if v != nil {
					try(t, typeName(v)+"."+name, func() { _, _ = in.call(v, name, args) })
				}
			}
			for _, other := range args {
				for _, op := range operators {
					try(t, typeName(v)+" "+op+" "+typeName(other), func() { _, _ = in.binaryOp(op, v, other) })
				}
			}
			for _, p := range in.propertyNames(v) {
				try(t, typeName(v)+"."+p, func() { _, _ = in.property(v, p) })
			}
		}
	}
}
