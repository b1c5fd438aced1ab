package syntax

import "strings"

// Suggest finds the candidate that was most likely meant by a name that does
// not exist: one that differs in case or by a few letters, or one the name is an end or a start of, as
// AccountName is of InitiatingProcessAccountName. It reports false if none is near.
// Of equally near candidates the first wins.
func Suggest(name string, candidates []string) (string, bool) {
	if near, ok := nearest(name, candidates); ok {
		return near, true
	}
	return contained(name, strings.ToLower(name), candidates)
}

// nearest finds the candidate that differs in case or by a few letters.
func nearest(name string, candidates []string) (string, bool) {
	lower := strings.ToLower(name)
	best, bestDistance := "", len(name)/3+1
	for _, c := range candidates {
		candidate := strings.ToLower(c)
		if candidate == lower && c != name {
			return c, true
		}
		if d := distance(lower, candidate, bestDistance); d < bestDistance && c != name {
			best, bestDistance = c, d
		}
	}
	return best, best != ""
}

// didYouMean is the hint for a mistyped word of the language, or "".
func didYouMean(word, before string, candidates []string) string {
	if near, ok := nearest(word, candidates); ok && word != "" {
		return `did you mean "` + before + near + `"?`
	}
	return ""
}

// contained finds the shortest candidate that ends or begins with the name, or that the name ends or begins with.
func contained(name, lower string, candidates []string) (string, bool) {
	const enough = 4
	if len(lower) < enough {
		return "", false
	}
	best := ""
	for _, c := range candidates {
		candidate := strings.ToLower(c)
		if c == name || len(candidate) < enough {
			continue
		}
		near := strings.HasSuffix(candidate, lower) || strings.HasPrefix(candidate, lower) ||
			strings.HasSuffix(lower, candidate) || strings.HasPrefix(lower, candidate)
		if near && (best == "" || len(c) < len(best)) {
			best = c
		}
	}
	return best, best != ""
}

// distance counts the letters to insert, delete, replace or swap to make b of a. It gives up, with limit, once it cannot be less.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(limit, last[len(b)])
}
