package iis

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// sampleConfiguration has what an editor must keep: a comment, tabs beside
// blanks, single quotation marks, an entity, Windows line ends.
var sampleConfiguration = strings.ReplaceAll(`<?xml version="1.0" encoding="UTF-8"?>
<!-- keep  me -->
<configuration>
    <system.applicationHost>
        <sites>
            <site name='Default  Web Site' id="1" serverAutoStart="true">
	<bindings><binding protocol="http" bindingInformation="*:80:"/></bindings>
            </site>
        </sites>
    </system.applicationHost>
    <system.webServer>
        <globalModules>
            <add name="UriCacheModule" image="%windir%\System32\inetsrv\cachuri.dll" />
            <add name="A&amp;B" image="b.dll" preCondition="bitness64" />
        </globalModules>
        <isapiFilters />
    </system.webServer>
    <location path="" overrideMode="Allow">
        <system.webServer>
            <modules>
                <add name="UriCacheModule" lockItem="true" />
            </modules>
        </system.webServer>
    </location>
</configuration>
`, "\n", "\r\n")

func parsed(t *testing.T, text string) *Document {
	t.Helper()
	d, err := ParseDocument([]byte(text))
	require.NoError(t, err)
	return d
}

func one(t *testing.T, d *Document, path string) *Element {
	t.Helper()
	list, err := d.Find(path)
	require.NoError(t, err)
	require.Len(t, list, 1)
	return list[0]
}

func TestFind(t *testing.T) {
	d := parsed(t, sampleConfiguration)
	for _, test := range []struct {
		path string
		want []string
	}{
		{"/system.webServer/globalModules/add", []string{"UriCacheModule", "A&B"}},
		{"system.webServer/globalModules/*", []string{"UriCacheModule", "A&B"}},
		{"/configuration/system.webServer/globalModules/add", []string{"UriCacheModule", "A&B"}},
		{"//globalModules/add[@name='a&b']", []string{"A&B"}},
		{`/system.webServer/globalModules/add[@name="A&B" and @preCondition='bitness64']`, []string{"A&B"}},
		{"/system.webServer/modules/add", []string{"UriCacheModule"}},
		{"/system.webServer/modules/add[@name='X']", nil},
		{"//add", []string{"UriCacheModule", "A&B", "UriCacheModule"}},
		{"system.applicationHost/sites/site", []string{"Default  Web Site"}},
	} {
		list, err := d.Find(test.path)
		require.NoError(t, err, test.path)
		var names []string
		for _, e := range list {
			names = append(names, e.Value("name"))
		}
		require.Equal(t, test.want, names, test.path)
	}
	_, err := d.Find("/a[@b=1]")
	require.ErrorContains(t, err, "is not understood")
}

// TestEditKeepsTheRest compares whole documents: the edit is the only change.
func TestEditKeepsTheRest(t *testing.T) {
	for _, test := range []struct {
		name, old, replacement string
		edit                   func(*testing.T, *Document) error
	}{
		{
			"append behind the last sibling",
			`preCondition="bitness64" />`,
			"preCondition=\"bitness64\" />\r\n            <add name=\"Foo\" image=\"C:\\x &amp; y\\f.dll\" />",
			func(t *testing.T, d *Document) error {
				return d.Append(one(t, d, "/system.webServer/globalModules"), "add", Attribute{Name: "name", Value: "Foo"}, Attribute{Name: "image", Value: `C:\x & y\f.dll`})
			},
		},
		{
			"open a closed section",
			`<isapiFilters />`,
			"<isapiFilters>\r\n            <filter name=\"f\" />\r\n        </isapiFilters>",
			func(t *testing.T, d *Document) error {
				return d.Append(one(t, d, "/system.webServer/isapiFilters"), "filter", Attribute{Name: "name", Value: "f"})
			},
		},
		{
			"remove a line",
			"\r\n            <add name=\"UriCacheModule\" image=\"%windir%\\System32\\inetsrv\\cachuri.dll\" />", "",
			func(t *testing.T, d *Document) error {
				return d.Remove(one(t, d, "/system.webServer/globalModules/add[@name='UriCacheModule']"))
			},
		},
		{
			"change a value in its own quotation marks",
			`'Default  Web Site'`, `'Shop'`,
			func(t *testing.T, d *Document) error {
				return d.SetAttribute(one(t, d, "//site"), "name", "Shop")
			},
		},
		{
			"add an attribute",
			`serverAutoStart="true">`, `serverAutoStart="true" limits="&quot;">`,
			func(t *testing.T, d *Document) error {
				return d.SetAttribute(one(t, d, "//site"), "limits", `"`)
			},
		},
		{
			"remove an attribute",
			` lockItem="true"`, "",
			func(t *testing.T, d *Document) error {
				return d.RemoveAttribute(one(t, d, "/system.webServer/modules/add"), "lockItem")
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := parsed(t, sampleConfiguration)
			require.NoError(t, test.edit(t, d))
			want := strings.Replace(sampleConfiguration, test.old, test.replacement, 1)
			require.NotEqual(t, want, sampleConfiguration, "the test changes nothing")
			require.Empty(t, cmp.Diff(want, string(d.Bytes())))
		})
	}
}

func TestParseDocumentErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "ends inside an element",
		"<a>":                "ends inside an element",
		"<a></b>":            "element a is closed by b",
		"<a/><b/>":           "more than one document element",
		"</a>":               "unexpected end",
		"<a>\n <b c=d/></a>": "2",
	} {
		_, err := ParseDocument([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzDocument(f *testing.F) {
	f.Add(sampleConfiguration, "//add", "name", "v")
	f.Add("<a b='1'/>", "/", "b", "\"&<")
	f.Add("<a><b/>\n<b></b ></a>", "b", "x", "\n")
	f.Fuzz(func(t *testing.T, text, path, name, value string) {
		d, err := ParseDocument([]byte(text))
		if err != nil {
			return
		}
		require.Equal(t, text, string(d.Bytes()))
		list, err := d.Find(path)
		if err != nil || len(list) == 0 {
			return
		}
		e := list[len(list)-1]
		if d.SetAttribute(e, name, value) != nil {
			require.Equal(t, text, string(d.Bytes()), "a refused edit changes nothing")
		}
		list, err = d.Find(path)
		if err != nil || len(list) == 0 || list[0].Parent == nil {
			return
		}
		before, kids := string(d.Bytes()), len(list[0].Children)
		if d.Append(list[0], "add", Attribute{Name: "k", Value: value}) == nil {
			again, err := d.Find(path)
			require.NoError(t, err)
			require.Len(t, again[0].Children, kids+1)
			added := again[0].Children[kids]
			require.NoError(t, d.Remove(added))
			if kids > 0 {
				require.Equal(t, before, string(d.Bytes()), "removing what was appended restores the text")
			}
		}
	})
}
