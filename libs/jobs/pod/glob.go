package main

import (
	"fmt"
	"regexp"
	"strings"
)

// matcher tells whether a relative path matches one of the patterns: `*` and `?` within a name, `[abc]`, `{a,b}`, and `**` for any number of
// directories. Names that begin with a dot are matched only by a dot. The same as picomatch does on a machine.
func matcher(patterns []string) (func(string) bool, error) {
	var all []*regexp.Regexp
	for _, pattern := range patterns {
		for _, plain := range braces(strings.TrimPrefix(pattern, "./")) {
			one, err := regexp.Compile(`(?s)\A` + expression(plain) + `\z`)
			if err != nil {
				return nil, fmt.Errorf("the pattern %q cannot be read: %w", pattern, err)
			}
			all = append(all, one)
		}
	}
	return func(path string) bool {
		for _, one := range all {
			if one.MatchString(path) {
				return true
			}
		}
		return false
	}, nil
}

// braces writes out `{a,b}`, the first one first, until there are none.
func braces(pattern string) []string {
	open := strings.IndexByte(pattern, '{')
	if open < 0 {
		return []string{pattern}
	}
	depth, start, words := 0, open+1, []string{}
	for at := open; at < len(pattern); at++ {
		switch {
		case pattern[at] == '{':
			depth++
		case pattern[at] == ',' && depth == 1:
			words, start = append(words, pattern[start:at]), at+1
		case pattern[at] == '}' && depth == 1:
			words = append(words, pattern[start:at])
			return written(pattern[:open], words, pattern[at+1:])
		case pattern[at] == '}':
			depth--
		}
	}
	return []string{pattern}
}

func written(before string, words []string, after string) []string {
	if len(words) < 2 {
		return []string{before + `\{` + strings.Join(words, ",") + `\}` + after}
	}
	var all []string
	for _, word := range words {
		all = append(all, braces(before+word+after)...)
	}
	return all
}

const (
	anyDirectories = `(?:[^./][^/]*/)*`
	anyBelow       = `(?:[^./][^/]*)(?:/[^./][^/]*)*`
)

func expression(pattern string) string {
	parts := strings.Split(pattern, "/")
	var out strings.Builder
	for index, part := range parts {
		isLast := index == len(parts)-1
		switch {
		case part == "**" && isLast:
			out.WriteString(anyBelow)
		case part == "**":
			out.WriteString(anyDirectories)
		case isLast:
			out.WriteString(name(part))
		default:
			out.WriteString(name(part) + "/")
		}
	}
	return out.String()
}

func name(part string) string {
	var out strings.Builder
	for at := 0; at < len(part); at++ {
		wild := part[at] == '*' || part[at] == '?'
		if wild && at == 0 {
			out.WriteString(`(?:[^./]`)
			if part[at] == '*' {
				out.WriteString(`[^/]*`)
			}
			out.WriteString(`)`)
			// Nothing at all, but not in front of a dot: that would match a dotted name.
			if rest := strings.TrimLeft(part, "*"); part[at] == '*' && rest != "" && rest[0] != '.' {
				out.WriteString(`?`)
			}
			continue
		}
		switch {
		case part[at] == '*':
			out.WriteString(`[^/]*`)
		case part[at] == '?':
			out.WriteString(`[^/]`)
		case part[at] == '\\' && at+1 < len(part):
			at++
			out.WriteString(regexp.QuoteMeta(part[at : at+1]))
		case part[at] == '[' && strings.IndexByte(part[at:], ']') > 1:
			length := strings.IndexByte(part[at:], ']')
			class := part[at+1 : at+length]
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			out.WriteString(`[` + strings.ReplaceAll(class, `\`, `\\`) + `]`)
			at += length
		default:
			out.WriteString(regexp.QuoteMeta(part[at : at+1]))
		}
	}
	return out.String()
}
