package function

func unitFunctions() []Function {
	return []Function{
		{Name: "convert_angle", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-angle-function"},
		{Name: "convert_energy", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-energy-function"},
		{Name: "convert_force", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-force-function"},
		{Name: "convert_length", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-length-function"},
		{Name: "convert_mass", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-mass-function"},
		{Name: "convert_speed", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-speed-function"},
		{Name: "convert_temperature", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-temperature-function"},
		{Name: "convert_volume", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-volume-function"},
	}
}
