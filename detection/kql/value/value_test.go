package value_test

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func TestTypeNames(t *testing.T) {
	for typ := value.Bool; typ <= value.Timespan; typ++ {
		parsed, ok := value.ParseType(typ.String())
		require.True(t, ok, typ.String())
		require.Equal(t, typ, parsed)
	}
	for alias, want := range map[string]value.Type{
		"boolean": value.Bool, "date": value.DateTime, "time": value.Timespan, "double": value.Real,
		"int64": value.Long, "uuid": value.GUID, "uniqueid": value.GUID,
	} {
		got, ok := value.ParseType(alias)
		require.True(t, ok, alias)
		require.Equal(t, want, got, alias)
	}
	_, ok := value.ParseType("String")
	require.False(t, ok, "type names are case-sensitive")
}

func TestZeroValue(t *testing.T) {
	var v value.Value
	require.True(t, v.IsNull())
	require.Equal(t, value.Unknown, v.Type())
	require.Empty(t, v.String())
}

func TestStringHasNoNull(t *testing.T) {
	require.False(t, value.Null(value.String).IsNull())
	require.Equal(t, value.NewString(""), value.Null(value.String))
}

func TestText(t *testing.T) {
	at, ok := value.ParseDateTime("2020-01-02T03:04:05.6Z")
	require.True(t, ok)
	for _, c := range []struct {
		v    value.Value
		want string
	}{
		{value.NewBool(true), "True"},
		{value.Null(value.Bool), ""},
		{value.NewLong(-7), "-7"},
		{value.NewReal(1.5), "1.5"},
		{value.NewReal(50), "50.0"},
		{value.NewReal(10.000000000000002), "10.000000000000002"},
		{value.NewReal(math.Inf(-1)), "-Infinity"},
		{value.NewDateTime(at), "2020-01-02T03:04:05.6000000Z"},
		{value.NewTimespan(value.Day), "1.00:00:00"},
		{value.NewTimespan(-90 * value.Minute), "-01:30:00"},
		{value.NewTimespan(value.Tick), "00:00:00.0000001"},
		{value.NewDecimal(big.NewRat(5, 4)), "1.25"},
		{value.NewGUID("{74BE27DE-1E4E-49D9-B579-FE0B331D3642}"), "74be27de-1e4e-49d9-b579-fe0b331d3642"},
		{value.NewDynamic("x"), "x"},
		{value.NewDynamic(true), "true"},
		{value.NewDynamic([]any{1, "a", 2.0, nil}), `[1,"a",2.0,null]`},
		{value.NewDynamic(map[string]any{"b": 1, "a": "q\"\n"}), `{"a":"q\"\n","b":1}`},
		{value.NewDynamic([]any{value.Day}), `["1.00:00:00"]`},
	} {
		require.Equal(t, c.want, c.v.String())
	}
}

func TestParseDateTime(t *testing.T) {
	for text, want := range map[string]string{
		"2020-01-01":                       "2020-01-01T00:00:00.0000000Z",
		"2020-01-01 12:30":                 "2020-01-01T12:30:00.0000000Z",
		"2022-12-02T13:45:56+02:00":        "2022-12-02T11:45:56.0000000Z",
		"2022-12-02T13:45:56.123456789Z":   "2022-12-02T13:45:56.1234567Z",
		"12/02/2022":                       "2022-12-02T00:00:00.0000000Z",
		"12-02-2022":                       "2022-12-02T00:00:00.0000000Z",
		"02/17/2016 08:40:01":              "2016-02-17T08:40:01.0000000Z",
		"1/2/2020 1:02:03 PM":              "2020-01-02T13:02:03.0000000Z",
		"2 Dec 2022":                       "2022-12-02T00:00:00.0000000Z",
		"Dec 2, 2022":                      "2022-12-02T00:00:00.0000000Z",
		"20220304":                         "2022-03-04T00:00:00.0000000Z",
		"Sat, 8 Nov 2014 15:05:02 GMT":     "2014-11-08T15:05:02.0000000Z",
		"Saturday, 08-Nov-14 15:05:02 GMT": "2014-11-08T15:05:02.0000000Z",
		"2014-05-25T08:20:03.123456-0700":  "2014-05-25T15:20:03.1234560Z",
		"9999-12-31T23:59:59.9999999Z":     "9999-12-31T23:59:59.9999999Z",
		"0001-01-01T00:00:00Z":             "0001-01-01T00:00:00.0000000Z",
		" 2020-02-29 ":                     "2020-02-29T00:00:00.0000000Z",
	} {
		got, ok := value.ParseDateTime(text)
		require.True(t, ok, text)
		require.Equal(t, want, got.String(), text)
	}
	for _, text := range []string{"", "13-01-2022", "2022-13-01", "2021-02-29", "nope", "1:00", "2020-01-01T25:00", "9999-12-31T23:00-05:00"} {
		_, ok := value.ParseDateTime(text)
		require.False(t, ok, text)
	}
}

func TestParseTimespan(t *testing.T) {
	for text, want := range map[string]value.Duration{
		"1d": value.Day, "1.5h": 90 * value.Minute, "7tick": 7, "2": 2 * value.Day, "4.00:00:00": 4 * value.Day,
		"-1.02:03:04.5": -(26*value.Hour + 3*value.Minute + 4*value.Second + 500*value.Millisecond),
		"01:30":         90 * value.Minute, "10 minutes": 10 * value.Minute, "3microseconds": 3 * value.Microsecond,
	} {
		got, ok := value.ParseTimespan(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "-", "1w", "25:00", "1:60", "x", "1:2:3:4", "99999999999999d"} {
		_, ok := value.ParseTimespan(text)
		require.False(t, ok, text)
	}
}

func TestInstantIsTicksOfTime(t *testing.T) {
	at := time.Date(1969, 7, 20, 20, 17, 40, 123_456_700, time.UTC)
	require.True(t, value.FromTime(at).Time().Equal(at))
	_, ok := value.MaxInstant.Add(1)
	require.False(t, ok)
	_, ok = value.MinInstant.Add(-1)
	require.False(t, ok)
}

func TestConvert(t *testing.T) {
	null := func(typ value.Type) value.Value { return value.Null(typ) }
	for _, c := range []struct {
		in   value.Value
		want value.Value
	}{
		{value.NewString(" 7 "), value.NewLong(7)},
		{value.NewString("+4"), value.NewLong(4)},
		{value.NewString("0x10"), value.NewLong(16)},
		{value.NewString("5.7"), null(value.Long)},
		{value.NewString("1e3"), null(value.Long)},
		{value.NewString("1,000"), null(value.Long)},
		{value.NewLong(9999999999), value.NewInt(1410065407)},
		{value.NewReal(1e12), value.NewInt(math.MaxInt32)},
		{value.NewString("9999999999"), null(value.Int)},
		{value.NewTimespan(value.Day), value.NewLong(864000000000)},
		{value.NewString(" true "), value.NewBool(true)},
		{value.NewString("-1"), value.NewBool(true)},
		{value.NewString("1.5"), null(value.Bool)},
		{value.NewString("t"), null(value.Bool)},
		{value.NewReal(0), value.NewBool(false)},
		{value.NewDynamic(5.7), value.NewLong(5)},
		{value.NewDynamic("5.7"), null(value.Long)},
		{value.NewDynamic("5.7"), value.NewReal(5.7)},
		{value.NewDynamic(true), value.NewLong(1)},
		{value.NewDynamic([]any{1}), null(value.Long)},
		{value.NewDynamic(true), value.NewString("true")},
		{value.NewString("nope"), null(value.DateTime)},
		{value.NewString("nope"), null(value.GUID)},
		{value.NewBool(true), value.NewString("True")},
	} {
		got := value.Convert(c.in, c.want.Type())
		require.Equal(t, c.want, got, "%s %q to %s", c.in.Type(), c.in, c.want.Type())
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		a, b  value.Value
		fold  bool
		order int
		ok    bool
	}{
		{value.NewInt(1), value.NewReal(1), false, 0, true},
		{value.NewLong(2), value.NewInt(1), false, 1, true},
		{value.NewString("A"), value.NewString("a"), true, 0, true},
		{value.NewString("A"), value.NewString("a"), false, -1, true},
		{value.NewDynamic(1), value.NewLong(1), false, 0, true},
		{value.NewDynamic("1"), value.NewLong(1), false, 0, false},
		{value.NewDecimal(big.NewRat(1, 2)), value.NewReal(0.5), false, 0, true},
	} {
		order, ok := value.Compare(c.a, c.b, c.fold)
		require.Equal(t, c.ok, ok, "%v %v", c.a, c.b)
		if ok {
			require.Equal(t, c.order, order, "%v %v", c.a, c.b)
		}
	}
}

func TestKeyTellsTypesOfContentApart(t *testing.T) {
	require.NotEqual(t, value.Key(value.NewDynamic("1")), value.Key(value.NewDynamic(1)))
	require.NotEqual(t, value.Key(value.Null(value.Dynamic)), value.Key(value.NewDynamic("")))
}

func TestBagKeepsOrder(t *testing.T) {
	x, err := value.ParseJSON(`{"z":1,"a":{"k":[1,2.5,"s",null,true]},"z":2}`)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(`{"z":2,"a":{"k":[1,2.5,"s",null,true]}}`, value.JSON(x)), "the order of keys counts")
	bag, ok := x.(*value.Bag)
	require.True(t, ok)
	bag.Delete("z")
	require.Equal(t, []string{"a"}, bag.Keys())
}

func TestParseJSONRefusesWhatFollows(t *testing.T) {
	for _, text := range []string{"", "{", `{"a":1}x`, "[1,]", "nope"} {
		_, err := value.ParseJSON(text)
		require.Error(t, err, text)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2020-01-01T00:00:00Z", "1.02:03:04", "7d", "Mon, 2 Jan 2006 15:04:05 MST", `{"a":[1]}`, "0x1f", "-1e9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if at, ok := value.ParseDateTime(s); ok {
			require.True(t, at.InRange())
			again, ok := value.ParseDateTime(at.String())
			require.True(t, ok, at.String())
			require.Equal(t, at, again)
		}
		if d, ok := value.ParseTimespan(s); ok {
			again, ok := value.ParseTimespan(d.String())
			require.True(t, ok, d.String())
			require.Equal(t, d, again)
		}
		if x, err := value.ParseJSON(s); err == nil {
			_, err := value.ParseJSON(value.JSON(x))
			require.NoError(t, err, value.JSON(x))
		}
		for typ := value.Bool; typ <= value.Timespan; typ++ {
			v := value.Convert(value.NewString(s), typ)
			require.Equal(t, typ, v.Type())
		}
	})
}
