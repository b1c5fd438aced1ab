package function

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func unitFunctions() []Function {
	return []Function{
		{Name: "convert_angle", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-angle-function", Nulls: Propagate, Call: convertAngle},
		{Name: "convert_energy", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-energy-function", Nulls: Propagate, Call: convertUnits(energyUnits())},
		{Name: "convert_force", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-force-function", Nulls: Propagate, Call: convertUnits(forceUnits())},
		{Name: "convert_length", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-length-function", Nulls: Propagate, Call: convertUnits(lengthUnits())},
		{Name: "convert_mass", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-mass-function", Nulls: Propagate, Call: convertUnits(massUnits())},
		{Name: "convert_speed", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-speed-function", Nulls: Propagate, Call: convertUnits(speedUnits())},
		{Name: "convert_temperature", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-temperature-function", Nulls: Propagate, Call: convertUnits(temperatureUnits())},
		{Name: "convert_volume", Signatures: []string{"- real value:real from:string to:string"}, Doc: "convert-volume-function", Nulls: Propagate, Call: convertUnits(volumeUnits())},
	}
}

// The factors are those that the documented answers come from: an acre-foot of 1/0.000810714 cubic metres, a mile of
// 1609.34 metres, a gallon of 0.00378541 cubic metres. They are the ones of the library that the service converts
// with, rounded as that library rounds them, not the legal definitions.

// scales are how much of the first unit of their kind the others are.
type scales map[string]float64

// linear is the units that differ by a factor only.
func linear(factors scales) map[string]unit {
	out := make(map[string]unit, len(factors))
	for name, f := range factors {
		out[name] = unit{scale: f}
	}
	return out
}

// unit is a scale: a value x in it is x*scale + offset in the base unit.
type unit struct{ scale, offset float64 }

// convertUnits converts between units by their exact names; others give null.
func convertUnits(units map[string]unit) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		y, ok := converted(units, args[0].Real(), text(args[1]), text(args[2]))
		if !ok {
			return c.Null()
		}
		return value.NewReal(y)
	}
}

func converted(units map[string]unit, x float64, from, to string) (float64, bool) {
	f, ok := units[from]
	t, known := units[to]
	if !ok || !known {
		return 0, false
	}
	if from == to {
		return x, true
	}
	return (x*f.scale + f.offset - t.offset) / t.scale, true
}

// convertAngle knows one unit that is no multiple of the others: a tilt is the sine of the angle.
func convertAngle(c *Invocation, args []value.Value) value.Value {
	x, from, to := args[0].Real(), text(args[1]), text(args[2])
	const tilt = "Tilt"
	if from == tilt {
		x, from = math.Asin(x), "Radian"
	}
	wanted := to
	if to == tilt {
		to = "Radian"
	}
	y, ok := converted(angleUnits(), x, from, to)
	if !ok {
		return c.Null()
	}
	if wanted == tilt {
		y = math.Sin(y)
	}
	return value.NewReal(y)
}

func angleUnits() map[string]unit {
	const radian = 180 / math.Pi
	return linear(scales{
		"Degree": 1, "Millidegree": 1e-3, "Microdegree": 1e-6, "Nanodegree": 1e-9,
		"Radian": radian, "Deciradian": radian * 1e-1, "Centiradian": radian * 1e-2, "Milliradian": radian * 1e-3,
		"Microradian": radian * 1e-6, "Nanoradian": radian * 1e-9,
		"Arcminute": 1. / 60, "Arcsecond": 1. / 3600, "Gradian": 0.9, "NatoMil": 9. / 160, "Revolution": 360,
	})
}

func energyUnits() map[string]unit {
	const (
		calorie, btu, electronVolt            = 4.184, 1055.05585262, 1.602176565e-19
		wattHour, wattDay                     = 3600, 24 * 3600
		thermEuropean, thermUS, thermImperial = 1.05505585262e8, 1.054804e8, 1.05505585257348e8
	)
	return linear(scales{
		"Joule": 1, "Millijoule": 1e-3, "Kilojoule": 1e3, "Megajoule": 1e6, "Gigajoule": 1e9,
		"Calorie": calorie, "Kilocalorie": calorie * 1e3, "Megacalorie": calorie * 1e6,
		"BritishThermalUnit": btu, "KilobritishThermalUnit": btu * 1e3, "MegabritishThermalUnit": btu * 1e6, "GigabritishThermalUnit": btu * 1e9,
		"ElectronVolt": electronVolt, "KiloelectronVolt": electronVolt * 1e3, "MegaelectronVolt": electronVolt * 1e6,
		"GigaelectronVolt": electronVolt * 1e9, "TeraelectronVolt": electronVolt * 1e12,
		"WattHour": wattHour, "KilowattHour": wattHour * 1e3, "MegawattHour": wattHour * 1e6, "GigawattHour": wattHour * 1e9, "TerawattHour": wattHour * 1e12,
		"WattDay": wattDay, "KilowattDay": wattDay * 1e3, "MegawattDay": wattDay * 1e6, "GigawattDay": wattDay * 1e9, "TerawattDay": wattDay * 1e12,
		"ThermEc": thermEuropean, "DecathermEc": thermEuropean * 10, "ThermUs": thermUS, "DecathermUs": thermUS * 10,
		"ThermImperial": thermImperial, "DecathermImperial": thermImperial * 10,
		"Erg": 1e-7, "FootPound": 1.355817948, "HorsepowerHour": 2.6845195377e6,
	})
}

func forceUnits() map[string]unit {
	const kilogramForce, poundForce = 9.80665002864, 4.4482216152605095551842641431421
	return linear(scales{
		"Newton": 1, "Micronewton": 1e-6, "Millinewton": 1e-3, "Decanewton": 10, "Kilonewton": 1e3, "Meganewton": 1e6,
		"Dyn": 1e-5, "KilogramForce": kilogramForce, "KiloPond": kilogramForce, "TonneForce": kilogramForce * 1e3,
		"PoundForce": poundForce, "KilopoundForce": poundForce * 1e3, "Poundal": 0.13825502798973041652092282466083,
		"OunceForce": 2.780138509537812e-1, "ShortTonForce": 8.896443230521e3,
	})
}

func lengthUnits() map[string]unit {
	const inch, lightYear, parsec = 2.54e-2, 9.46073047258e15, 3.08567758128e16
	return linear(scales{
		"Meter": 1, "Nanometer": 1e-9, "Micrometer": 1e-6, "Millimeter": 1e-3, "Centimeter": 1e-2, "Decimeter": 1e-1,
		"Decameter": 10, "Hectometer": 1e2, "Kilometer": 1e3, "Angstrom": 1e-10,
		"Inch": inch, "Microinch": inch * 1e-6, "Mil": inch * 1e-3, "Hand": inch * 4, "Foot": 0.3048, "UsSurveyFoot": 1200. / 3937, "Yard": 0.9144,
		"Fathom": 1.8288, "Chain": 20.1168, "Shackle": 27.432, "Mile": 1609.34, "DataMile": 1828.8, "NauticalMile": 1852,
		"DtpPoint": inch / 72, "DtpPica": 1 / 236.220472441, "PrinterPoint": inch / 72.27, "PrinterPica": 1 / 237.106301584, "Twip": 1 / 56692.913385826,
		"AstronomicalUnit": 1.4959787070e11, "SolarRadius": 6.95510000e8,
		"LightYear": lightYear, "KilolightYear": lightYear * 1e3, "MegalightYear": lightYear * 1e6,
		"Parsec": parsec, "Kiloparsec": parsec * 1e3, "Megaparsec": parsec * 1e6,
	})
}

func massUnits() map[string]unit {
	const pound = 0.45359237
	return linear(scales{
		"Kilogram": 1, "Nanogram": 1e-12, "Microgram": 1e-9, "Milligram": 1e-6, "Centigram": 1e-5, "Decigram": 1e-4,
		"Gram": 1e-3, "Decagram": 1e-2, "Hectogram": 1e-1, "Tonne": 1e3, "Kilotonne": 1e6, "Megatonne": 1e9,
		"Pound": pound, "Kilopound": pound * 1e3, "Megapound": pound * 1e6, "Ounce": 0.028349523125, "Grain": 1 / 15432.358352941431,
		"Stone": 1 / 0.1574731728702698, "ShortHundredweight": 1 / 0.022046226218487758, "LongHundredweight": 1 / 0.01968413055222121,
		"ShortTon": 9.0718474e2, "LongTon": 1.0160469088e3, "Slug": 1 / 6.852176556196105e-2,
		"SolarMass": 1.98947e30, "EarthMass": 5.9722e24,
	})
}

func speedUnits() map[string]unit {
	const minute, hour = 60, 3600
	lengths := scales{
		"Nanometer": 1e-9, "Micrometer": 1e-6, "Millimeter": 1e-3, "Centimeter": 1e-2, "Decimeter": 1e-1, "Meter": 1, "Kilometer": 1e3,
		"Inch": 2.54e-2, "Foot": 0.3048, "UsSurveyFoot": 1200. / 3937, "Yard": 0.9144,
	}
	factors := scales{"Knot": 0.514444, "MilePerHour": 0.44704}
	for name, f := range lengths {
		factors[name+"PerSecond"], factors[name+"PerMinute"], factors[name+"PerHour"] = f, f/minute, f/hour
	}
	return linear(factors)
}

func temperatureUnits() map[string]unit {
	const zero = 273.15 // of Celsius, in kelvins
	return map[string]unit{
		"Kelvin": {1, 0}, "DegreeCelsius": {1, zero}, "MillidegreeCelsius": {1e-3, zero}, "DegreeDelisle": {-2. / 3, zero + 100},
		"DegreeFahrenheit": {5. / 9, 459.67 * 5 / 9}, "DegreeNewton": {100. / 33, zero}, "DegreeRankine": {5. / 9, 0},
		"DegreeReaumur": {5. / 4, zero}, "DegreeRoemer": {40. / 21, zero - 7.5*40/21}, "SolarTemperature": {5778, 0},
	}
}

func volumeUnits() map[string]unit {
	const (
		liter, cubicFoot       = 1e-3, 0.0283168
		gallon, imperialGallon = 0.00378541, 0.00454609000000181429905810072407
	)
	return linear(scales{
		"CubicMeter": 1, "HectocubicMeter": 1e2, "KilocubicMeter": 1e3, "CubicMicrometer": 1e-18, "CubicMillimeter": 1e-9, "CubicCentimeter": 1e-6,
		"CubicDecimeter": 1e-3, "CubicHectometer": 1e6, "CubicKilometer": 1e9,
		"Liter": liter, "Microliter": liter * 1e-6, "Milliliter": liter * 1e-3, "Centiliter": liter * 1e-2, "Deciliter": liter * 1e-1,
		"Decaliter": liter * 10, "Hectoliter": liter * 1e2, "Kiloliter": liter * 1e3, "Megaliter": liter * 1e6,
		"CubicFoot": cubicFoot, "HectocubicFoot": cubicFoot * 1e2, "KilocubicFoot": cubicFoot * 1e3, "MegacubicFoot": cubicFoot * 1e6,
		"CubicInch": 1.6387e-5, "CubicYard": 0.764554858, "CubicMile": 4.16818182544058e9, "AcreFoot": 1 / 0.000810714, "BoardFoot": 2.3597372158e-3,
		"UsGallon": gallon, "DeciusGallon": gallon * 1e-1, "DecausGallon": gallon * 10, "HectousGallon": gallon * 1e2, "KilousGallon": gallon * 1e3, "MegausGallon": gallon * 1e6,
		"ImperialGallon": imperialGallon, "KiloimperialGallon": imperialGallon * 1e3, "MegaimperialGallon": imperialGallon * 1e6,
		"ImperialOunce": 2.8413062499962901241875439064617e-5, "ImperialPint": 5.6826125e-4, "ImperialBeerBarrel": 0.16365924,
		"UsOunce": 2.957352956253760505068307980135e-5, "UsPint": 4.73176473e-4, "UsQuart": 9.46352946e-4, "UsBeerBarrel": 0.1173477658,
		"UsTablespoon": 1.478676478125e-5, "UsTeaspoon": 4.92892159375e-6, "UsCustomaryCup": 0.0002365882365, "UsLegalCup": 0.00024,
		"AuTablespoon": 2e-5, "UkTablespoon": 1.5e-5, "MetricTeaspoon": 0.5e-5, "MetricCup": 0.00025, "OilBarrel": 0.158987294928,
	})
}
