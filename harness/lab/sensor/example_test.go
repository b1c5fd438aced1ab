package sensor_test

import (
	"fmt"

	"github.com/seed-67b27da2/geiger/harness/lab/sensor"
)

func ExampleConfig_Decide() {
	config, err := sensor.ParseConfig("lab.xml", `<Sysmon schemaversion="4.90"><EventFiltering>
<FileCreate onmatch="include">
  <TargetFilename name="program" condition="end with">.dll</TargetFilename>
</FileCreate></EventFiltering></Sysmon>`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{`C:\Windows\x.DLL`, `C:\Windows\x.txt`} {
		rule, logged := config.Decide("FileCreate", func(field string) string {
			return map[string]string{"TargetFilename": path}[field]
		})
		fmt.Printf("%s %v %q\n", path, logged, rule)
	}
	_, err = sensor.ParseConfig("lab.xml", `<Sysmon schemaversion="4.90"><EventFiltering>
<FileCreate onmatch="include"><TargetFile>x</TargetFile></FileCreate>`)
	fmt.Println(err)
	// Output:
	// C:\Windows\x.DLL true "program"
	// C:\Windows\x.txt false "-"
	// lab.xml:2:31: FileCreate has no field TargetFile
	// 	<FileCreate onmatch="include"><TargetFile>x</TargetFile></FileCreate>
	// 	                              ^
}
