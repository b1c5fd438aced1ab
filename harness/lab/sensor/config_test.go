package sensor_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/sensor"
	"github.com/seed-67b27da2/geiger/testdata"
)

func decide(t *testing.T, config, tag string, fields map[string]string) (string, bool) {
	t.Helper()
	c, err := sensor.ParseConfig("c.xml", config)
	require.NoError(t, err)
	return c.Decide(tag, func(name string) string { return fields[name] })
}

func TestConditions(t *testing.T) {
	const image = `C:\Windows\System32\cmd.exe`
	cases := []struct {
		condition, value string
		want             bool
	}{
		{"", `c:\windows\system32\CMD.exe`, true},
		{"is", `cmd.exe`, false},
		{"is not", `cmd.exe`, true},
		{"is not", image, false},
		{"is any", `x;` + image + `;y`, true},
		{"is any", `x;y`, false},
		{"contains", `system32`, true},
		{"contains", `system64`, false},
		{"contains any", `nothing; SYSTEM32`, true},
		{"contains any", `nothing;never`, false},
		{"contains all", `windows;cmd`, true},
		{"contains all", `windows;never`, false},
		{"excludes", `system32`, false},
		{"excludes", `never`, true},
		{"excludes any", `windows;never`, true},
		{"excludes any", `windows;cmd`, false},
		{"excludes all", `never;nothing`, true},
		{"excludes all", `windows;never`, false},
		{"begin with", `C:\win`, true},
		{"begin with", `\win`, false},
		{"not begin with", `C:\win`, false},
		{"not begin with", `D:\`, true},
		{"end with", `CMD.EXE`, true},
		{"end with", `cmd`, false},
		{"not end with", `.dll`, true},
		{"not end with", `.exe`, false},
		{"less than", `D:\`, true},
		{"less than", `B:\`, false},
		{"more than", `B:\`, true},
		{"more than", `D:\`, false},
		{"image", `cmd.exe`, true},
		{"image", image, true},
		{"image", `md.exe`, false},
	}
	for _, c := range cases {
		config := fmt.Sprintf(`<Sysmon schemaversion="4.90"><EventFiltering><FileCreate onmatch="include"><Image name="n" condition="%s">%s</Image></FileCreate></EventFiltering></Sysmon>`, c.condition, c.value)
		if c.condition == "" {
			config = strings.Replace(config, ` condition=""`, "", 1)
		}
		name, got := decide(t, config, "FileCreate", map[string]string{"Image": image})
		require.Equal(t, c.want, got, "%s %q", c.condition, c.value)
		if got {
			require.Equal(t, "n", name)
		}
	}
}

func TestDecisions(t *testing.T) {
	cases := []struct {
		name, filtering, tag string
		fields               map[string]string
		want                 bool
		rule                 string
	}{
		{"not mentioned, on by default", ``, "ProcessCreate", nil, true, "-"},
		{"not mentioned, off by default", ``, "FileCreate", nil, false, "-"},
		{"empty include is nothing", `<ProcessCreate onmatch="include"/>`, "ProcessCreate", nil, false, "-"},
		{"empty exclude is everything", `<ImageLoad onmatch="exclude"/>`, "ImageLoad", nil, true, "-"},
		{
			"exclude beats include", `<RuleGroup groupRelation="or"><FileCreate onmatch="include"><Image condition="image">a.exe</Image></FileCreate>
			<FileCreate onmatch="exclude"><TargetFilename condition="end with">.tmp</TargetFilename></FileCreate></RuleGroup>`,
			"FileCreate",
			map[string]string{"Image": `C:\a.exe`, "TargetFilename": `C:\x.tmp`},
			false, "",
		},
		{
			"same field is alternatives, other fields are not", `<FileCreate onmatch="include"><Image condition="image">a.exe</Image><Image condition="image">b.exe</Image>
			<TargetFilename condition="end with">.dll</TargetFilename></FileCreate>`,
			"FileCreate",
			map[string]string{"Image": `C:\b.exe`, "TargetFilename": `C:\x.txt`},
			false, "",
		},
		{
			"group relation or", `<RuleGroup name="group" groupRelation="or"><FileCreate onmatch="include"><Image condition="image">a.exe</Image>
			<TargetFilename condition="end with">.dll</TargetFilename></FileCreate></RuleGroup>`,
			"FileCreate",
			map[string]string{"Image": `C:\b.exe`, "TargetFilename": `C:\x.dll`},
			true, "group",
		},
		{
			"rule needs all", `<RuleGroup groupRelation="or"><FileCreate onmatch="include"><Rule name="both" groupRelation="and"><Image condition="image">a.exe</Image>
			<TargetFilename condition="end with">.dll</TargetFilename></Rule></FileCreate></RuleGroup>`,
			"FileCreate",
			map[string]string{"Image": `C:\a.exe`, "TargetFilename": `C:\x.dll`},
			true, "both",
		},
		{
			"rule with one missing", `<RuleGroup groupRelation="or"><FileCreate onmatch="include"><Rule name="both" groupRelation="and"><Image condition="image">a.exe</Image>
			<TargetFilename condition="end with">.dll</TargetFilename></Rule></FileCreate></RuleGroup>`,
			"FileCreate",
			map[string]string{"Image": `C:\a.exe`, "TargetFilename": `C:\x.txt`},
			false, "",
		},
		{
			"rule needs any", `<RuleGroup groupRelation="or"><FileCreate onmatch="include"><Rule groupRelation="or"><Image condition="image">a.exe</Image>
			<TargetFilename name="second" condition="end with">.dll</TargetFilename></Rule></FileCreate></RuleGroup>`,
			"FileCreate",
			map[string]string{"Image": `C:\b.exe`, "TargetFilename": `C:\x.dll`},
			true, "second",
		},
	}
	for _, c := range cases {
		config := `<Sysmon schemaversion="4.90"><EventFiltering>` + c.filtering + `</EventFiltering></Sysmon>`
		rule, got := decide(t, config, c.tag, c.fields)
		require.Equal(t, c.want, got, c.name)
		if got {
			require.Equal(t, c.rule, rule, c.name)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	cases := []struct{ config, want string }{
		{``, "c.xml:1:1: there is no Sysmon element"},
		{`<Sysmon><EventFiltering/></Sysmon>`, "c.xml:1:1: the Sysmon element has no schemaversion"},
		{`<Sysmon schemaversion="9.1"/>`, "schemaversion 9.1 is newer than this Sysmon, which knows 4.90"},
		{"<Sysmon schemaversion=\"4.90\">\n  <EventFiltering>\n    <FileCreated onmatch=\"include\"/>", `c.xml:3:5: Sysmon has no event FileCreated; did you mean "FileCreate"?`},
		{`<Sysmon schemaversion="4.90"><EventFiltering><FileCreate/>`, `onmatch of FileCreate is ""`},
		{`<Sysmon schemaversion="4.90"><EventFiltering><FileCreate onmatch="include"><TargetFileName/>`, `FileCreate has no field TargetFileName; did you mean "TargetFilename"?`},
		{`<Sysmon schemaversion="4.90"><EventFiltering><FileCreate onmatch="include"><Image condition="ends with">x</Image>`, `unknown condition "ends with"; did you mean "end with"?`},
		{`<Sysmon schemaversion="4.90"><EventFiltering><FileCreate onmatch="include"><Image condition="contains any"> ; </Image>`, "Image contains any has no values"},
		{`<Sysmon schemaversion="4.90"><EventFiltering><RuleGroup groupRelation="xor">`, `groupRelation is "xor"`},
		{`<Sysmon schemaversion="4.90"><HashAlgorithms>md4</HashAlgorithms></Sysmon>`, `unknown hash algorithm "MD4"; did you mean "MD5"?`},
		{`<Sysmon schemaversion="4.90"><EventFiltering>`, "the file ends inside an element"},
		{`<Sysmon schemaversion="4.90"><EventFiltering></Sysmon>`, "element <EventFiltering> closed by </Sysmon>"},
		{`<Configuration/>`, "the document element is Configuration, not Sysmon"},
	}
	for _, c := range cases {
		_, err := sensor.ParseConfig("c.xml", c.config)
		require.ErrorContains(t, err, c.want)
		var e *sensor.ConfigError
		require.ErrorAs(t, err, &e)
		require.Positive(t, e.Line)
	}
}

func TestConfigOfTheResearchData(t *testing.T) {
	text, err := os.ReadFile(testdata.Shared(t, "telemetry/lab-sysmon.xml"))
	require.NoError(t, err)
	c, err := sensor.ParseConfig("lab-sysmon.xml", string(text))
	require.NoError(t, err)
	require.Equal(t, []string{"SHA1", "MD5", "SHA256"}, c.Algorithms)
	rule, logged := c.Decide("FileCreate", func(name string) string {
		return map[string]string{"TargetFilename": `C:\Windows\System32\inetsrv\x.dll`}[name]
	})
	require.True(t, logged)
	require.Equal(t, "iis-inetsrv", rule)
}

func FuzzParseConfig(f *testing.F) {
	f.Add(sensor.DefaultConfig())
	f.Add(everything)
	f.Add(`<Sysmon schemaversion="4.90"><EventFiltering><RuleGroup><FileCreate onmatch="include"><Rule groupRelation="and"><Image condition="image">a</Image></Rule></FileCreate></RuleGroup></EventFiltering></Sysmon>`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := sensor.ParseConfig("fuzz.xml", text)
		if err != nil {
			var e *sensor.ConfigError
			require.ErrorAs(t, err, &e)
			_ = err.Error()
			return
		}
		c.Decide("FileCreate", func(string) string { return text })
	})
}
