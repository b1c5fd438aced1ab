package cmd

import (
	"context"
	"strconv"
	"strings"
)

func (sh *shell) ifCommand(ctx context.Context, n *ifCommand, std streams, vars *forVariables) int {
	holds, err := sh.holds(n, sh.late(n.left, vars), sh.late(n.right, vars))
	if err != nil {
		return sh.fail(std, err.Error())
	}
	switch {
	case holds != n.not:
		return sh.run(ctx, n.then, std, vars)
	case n.other != nil:
		return sh.run(ctx, n.other, std, vars)
	}
	return 0
}

func (sh *shell) holds(n *ifCommand, left, right string) (bool, error) {
	switch n.kind {
	case "exist":
		return sh.exists(unquote(left)), nil
	case "defined":
		_, ok := sh.variable(left)
		return ok, nil
	case "errorlevel":
		return sh.level >= atoi(left), nil
	case "cmdextversion":
		return atoi(left) <= 2, nil
	case "==":
		return equal(left, right, n.fold), nil
	}
	return compare(n.kind, left, right, n.fold)
}

func equal(left, right string, fold bool) bool {
	return left == right || fold && strings.EqualFold(left, right)
}

// compare applies EQU and its relatives: as numbers when both sides are
// numbers, otherwise as text.
func compare(op, left, right string, fold bool) (bool, error) {
	order := 0
	l, errLeft := strconv.ParseInt(left, 0, 32)
	r, errRight := strconv.ParseInt(right, 0, 32)
	switch {
	case errLeft == nil && errRight == nil:
		order = int(l - r)
	case fold:
		order = strings.Compare(strings.ToLower(left), strings.ToLower(right))
	default:
		order = strings.Compare(left, right)
	}
	switch op {
	case "equ":
		return order == 0, nil
	case "neq":
		return order != 0, nil
	case "lss":
		return order < 0, nil
	case "leq":
		return order <= 0, nil
	case "gtr":
		return order > 0, nil
	case "geq":
		return order >= 0, nil
	}
	return false, &syntaxError{token: op}
}

// exists reports whether a file, a folder or a match of a pattern is there.
func (sh *shell) exists(name string) bool {
	if strings.EqualFold(name, "nul") {
		return true
	}
	if hasWildcard(name) {
		return len(sh.glob(name)) > 0
	}
	_, err := sh.k.Stat(sh.p, strings.TrimRight(name, `\`)+trailing(name))
	return err == nil
}

// trailing keeps the backslash of a drive's root.
func trailing(name string) string {
	if len(name) == 3 && name[1] == ':' {
		return `\`
	}
	return ""
}
