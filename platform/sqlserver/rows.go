package sqlserver

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"siteready/platform"
)

// table is what encodeRows wants of the driver's rows.
type table interface {
	Columns() []string
	ColumnTypeDatabaseTypeName(index int) string
	Next(dest []driver.Value) error
	HasNextResultSet() bool
}

// column is one column of an answer.
type column struct {
	name   string
	key    []byte // name as JSON
	encode encoder
}

// encoder makes JSON of a value that is not NULL.
type encoder func(driver.Value) ([]byte, error)

var errVariant = errors.New("the statement must cast what is in a sql_variant")

// encodeRows reads rows to their end and makes the answer of them. It stops when the answer
// gets too large. Its own errors are *platform.NoAnswer; others are the driver's.
func encodeRows(rows table) (json.RawMessage, error) {
	columns, err := columnsOf(rows)
	if err != nil {
		return nil, err
	}
	values := make([]driver.Value, len(columns))
	answer := []byte{'['}
	for {
		if err := rows.Next(values); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if len(answer) > 1 {
			answer = append(answer, ',')
		}
		if answer, err = appendRow(answer, columns, values); err != nil {
			return nil, err
		}
		if len(answer)+1 > platform.MaxAnswer {
			return nil, platform.Refuse(platform.ErrTooLarge, "SQL Server's answer has more than %d bytes", platform.MaxAnswer)
		}
	}
	if rows.HasNextResultSet() {
		return nil, platform.Refuse(platform.ErrMalformed, "SQL Server answered with more than one table")
	}
	return append(answer, ']'), nil
}

func columnsOf(rows table) ([]column, error) {
	names := rows.Columns()
	if len(names) == 0 {
		return nil, platform.Refuse(platform.ErrMalformed, "SQL Server's answer is not a table")
	}
	columns := make([]column, len(names))
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if name == "" {
			return nil, platform.Refuse(platform.ErrMalformed, "column %d of SQL Server's answer has no name", i+1)
		}
		if seen[name] {
			return nil, platform.Refuse(platform.ErrMalformed, "SQL Server's answer has two columns %s", name)
		}
		seen[name] = true
		kind := rows.ColumnTypeDatabaseTypeName(i)
		encode := encoderOf(kind)
		if encode == nil {
			return nil, platform.Refuse(platform.ErrMalformed, "column %s of SQL Server's answer has the type %s, which is never read", name, strings.ToLower(kind))
		}
		key, err := encodeText(name)
		if err != nil {
			return nil, platform.Refuse(platform.ErrMalformed, "the name of column %d of SQL Server's answer: %v", i+1, err)
		}
		columns[i] = column{name, key, encode}
	}
	return columns, nil
}

func appendRow(answer []byte, columns []column, values []driver.Value) ([]byte, error) {
	for i, c := range columns {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		answer = append(append(append(answer, before), c.key...), ':')
		if values[i] == nil {
			answer = append(answer, "null"...)
			continue
		}
		text, err := c.encode(values[i])
		if err != nil {
			return nil, platform.Refuse(platform.ErrMalformed, "a value of column %s of SQL Server's answer: %v", c.name, err)
		}
		answer = append(answer, text...)
	}
	return append(answer, '}'), nil
}

// encoderOf returns the encoder for a type by the driver's name for it, or nil for a type
// that is never read.
func encoderOf(kind string) encoder {
	switch kind {
	case "BIT":
		return expect(func(v bool) ([]byte, error) { return json.Marshal(v) })
	case "TINYINT", "SMALLINT", "INT", "BIGINT":
		return expect(func(v int64) ([]byte, error) { return json.Marshal(v) })
	case "REAL":
		return expect(func(v float64) ([]byte, error) { return encodeFloat(v, float32(v)) })
	case "FLOAT":
		return expect(func(v float64) ([]byte, error) { return encodeFloat(v, v) })
	case "DECIMAL", "NUMERIC", "MONEY", "SMALLMONEY":
		return expect(encodeDecimal)
	case "CHAR", "VARCHAR", "NCHAR", "NVARCHAR", "TEXT", "NTEXT", "XML":
		return expect(encodeText)
	case "DATETIME", "DATETIME2", "SMALLDATETIME", "DATETIMEOFFSET":
		return expect(func(v time.Time) ([]byte, error) { return v.UTC().MarshalJSON() })
	case "DATE":
		return expect(func(v time.Time) ([]byte, error) { return encodeText(v.Format(time.DateOnly)) })
	case "TIME":
		return expect(func(v time.Time) ([]byte, error) { return encodeText(v.Format("15:04:05.9999999")) })
	case "UNIQUEIDENTIFIER":
		return expect(encodeGUID)
	case "SQL_VARIANT":
		return encodeVariant
	}
	return nil
}

// expect turns an encoder of one Go type into one of driver values.
func expect[V any](encode func(V) ([]byte, error)) encoder {
	return func(value driver.Value) ([]byte, error) {
		v, ok := value.(V)
		if !ok {
			return nil, fmt.Errorf("it is a %T", value)
		}
		return encode(v)
	}
}

// encodeFloat encodes short, which is v in the precision of its column.
func encodeFloat(v float64, short any) ([]byte, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, fmt.Errorf("%v is no number", v)
	}
	return json.Marshal(short)
}

// encodeDecimal takes the digits as the driver has written them.
func encodeDecimal(digits []byte) ([]byte, error) {
	if !json.Valid(digits) || digits[0] != '-' && (digits[0] < '0' || digits[0] > '9') {
		return nil, fmt.Errorf("%q is no number", digits)
	}
	return digits, nil
}

// encodeText leaves < > & as they are; they are common in texts of the site. What is not
// Unicode becomes the replacement character.
func encodeText(text string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func encodeGUID(value []byte) ([]byte, error) {
	var id mssql.UniqueIdentifier
	if err := id.Scan(value); err != nil {
		return nil, err
	}
	return encodeText(id.String())
}

// encodeVariant encodes what can be told apart by its Go type. Decimals and binary values of
// a sql_variant look alike, and so do its dates and times; statements cast them.
func encodeVariant(value driver.Value) ([]byte, error) {
	switch v := value.(type) {
	case string:
		return encodeText(v)
	case int64, bool:
		return json.Marshal(v)
	case float64:
		return encodeFloat(v, v)
	}
	return nil, errVariant
}
