package report

import (
	"bytes"
	"fmt"
	"html"
	"reflect"
	"strconv"
	"text/template/parse"
)

// markup is text of the program's own that stands on the page as it is.
type markup string

// fill writes a template with the fields of data in it. Every text is escaped, so it may stand
// between tags and in quoted attributes, and nowhere else; tests hold it to what html/template
// makes of the same. That package is not used here because it finds methods by name, for which
// the linker keeps all that are exported: it would add a fifth to the program.
//
// Known are {{.Field}}, {{$.Field}}, if, with and range with else, template and define.
func fill(w *bytes.Buffer, text string, data any) error {
	trees, err := parse.Parse("page", text, "{{", "}}")
	if err != nil {
		return err
	}
	f := filling{w, trees}
	root := reflect.ValueOf(data)
	return f.list(trees["page"].Root, root, root)
}

// filling is a template that is being written.
type filling struct {
	*bytes.Buffer
	trees map[string]*parse.Tree
}

// list writes nodes; dot is the value at hand, and root that of the template.
func (f filling) list(list *parse.ListNode, dot, root reflect.Value) error {
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		if err := f.node(node, dot, root); err != nil {
			return err
		}
	}
	return nil
}

func (f filling) node(node parse.Node, dot, root reflect.Value) error {
	switch n := node.(type) {
	case *parse.TextNode:
		f.Write(n.Text)
		return nil
	case *parse.ActionNode:
		v, err := value(n.Pipe, dot, root)
		if err != nil {
			return err
		}
		return f.print(v)
	case *parse.IfNode:
		return f.branch(&n.BranchNode, dot, root, false)
	case *parse.WithNode:
		return f.branch(&n.BranchNode, dot, root, true)
	case *parse.RangeNode:
		v, err := value(n.Pipe, dot, root)
		if err != nil {
			return err
		}
		if v.Kind() != reflect.Slice {
			return fmt.Errorf("{{range}} over a %s", v.Type())
		}
		for i := range v.Len() {
			if err := f.list(n.List, v.Index(i), root); err != nil {
				return err
			}
		}
		if v.Len() == 0 {
			return f.list(n.ElseList, dot, root)
		}
		return nil
	case *parse.TemplateNode:
		tree := f.trees[n.Name]
		if tree == nil {
			return fmt.Errorf("there is no template %q", n.Name)
		}
		v, err := value(n.Pipe, dot, root)
		if err != nil {
			return err
		}
		return f.list(tree.Root, v, v)
	default:
		return fmt.Errorf("%s is not known", n)
	}
}

// branch writes what depends on a value: what is empty, 0 or false has the else.
func (f filling) branch(n *parse.BranchNode, dot, root reflect.Value, with bool) error {
	v, err := value(n.Pipe, dot, root)
	switch {
	case err != nil:
		return err
	case v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0:
		return f.list(n.ElseList, dot, root)
	case with:
		dot = v
	}
	return f.list(n.List, dot, root)
}

// value is what a pipe of one word names: a field of dot or of $, or a text.
func value(pipe *parse.PipeNode, dot, root reflect.Value) (reflect.Value, error) {
	if pipe == nil || len(pipe.Decl) > 0 || len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 1 {
		return dot, fmt.Errorf("{{%s}} is not known", pipe)
	}
	switch n := pipe.Cmds[0].Args[0].(type) {
	case *parse.DotNode:
		return dot, nil
	case *parse.StringNode:
		return reflect.ValueOf(n.Text), nil
	case *parse.FieldNode:
		return field(dot, n.Ident)
	case *parse.VariableNode:
		return field(root, n.Ident[1:]) // the first is $: no other variable can be declared
	default:
		return dot, fmt.Errorf("{{%s}} is not known", n)
	}
}

func field(v reflect.Value, names []string) (reflect.Value, error) {
	for _, name := range names {
		if v = reflect.Indirect(v); v.Kind() != reflect.Struct || !v.FieldByName(name).IsValid() {
			return v, fmt.Errorf("there is no field %s", name)
		}
		v = v.FieldByName(name)
	}
	return v, nil
}

func (f filling) print(v reflect.Value) error {
	switch {
	case v.Type() == reflect.TypeFor[markup]():
		f.WriteString(v.String())
	case v.Kind() == reflect.String:
		f.WriteString(html.EscapeString(v.String()))
	case v.CanInt():
		f.WriteString(strconv.FormatInt(v.Int(), 10))
	default:
		return fmt.Errorf("a %s cannot be written", v.Type())
	}
	return nil
}
