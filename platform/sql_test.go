package platform_test

import (
	"fmt"
	"strings"
	"testing"

	"siteready/platform"
)

func TestCheckSQLRefuses(t *testing.T) {
	tests := []struct{ name, text string }{
		{"empty", ``},
		{"no statement", `may_see`},
		{"no proof", `SELECT a FROM t`},
		{"proof in a literal", `SELECT 'may_see' AS a FROM t`},
		{"proof in brackets only", `SELECT a AS [x may_see] FROM t`},
		{"part of a word is no proof", `SELECT 1 AS may_see_it`},
		{"look-alike of the proof", "SELECT 1 AS may_\u017fee"},

		{"two statements", `SELECT 1 AS may_see; SELECT 2 AS a`},
		{"end mark", `SELECT 1 AS may_see;`},
		{"two statements without a mark", `SELECT 1 AS may_see SELECT 2 AS a`},
		{"two statements on two lines", "SELECT 1 AS may_see\nSELECT 2 AS a"},
		{"SELECT after WITH ... SELECT", `WITH c AS (SELECT 1 AS a) SELECT a AS may_see FROM c SELECT 2 AS b`},
		{"second statement after a closing parenthesis", `SELECT 1 AS may_see) SELECT (2`},
		{"parenthesis left open", `SELECT (1 AS may_see`},
		{"WITH without SELECT", `WITH c AS (SELECT 1 AS may_see) c`},
		{"number before it", `1 SELECT 1 AS may_see`},
		{"literal before it", `'x' SELECT 1 AS may_see`},
		{"parenthesis before it", `(SELECT 1 AS may_see)`},

		{"comment to the line's end", `SELECT 1 AS may_see -- x`},
		{"comment", `SELECT /* x */ 1 AS may_see`},
		{"comment that hides a quotation mark", `SELECT 1 AS may_see /* ' */ DROP TABLE t --'`},
		{"literal that is not closed", `SELECT 'x AS may_see`},
		{"name that is not closed", `SELECT 1 AS may_see, [x`},
		{"bracket that was not opened", `SELECT 1 AS may_see, x]`},

		{"EXEC", `EXEC sp_who`},
		{"EXEC of an extended procedure", `SELECT 1 AS may_see EXEC xp_cmdshell 'dir'`},
		{"EXEC of a bracketed name", `SELECT 1 AS may_see EXEC[sp_who]`},
		{"EXEC in small letters", `select 1 as may_see execute sp_who`},
		{"EXEC right after a literal", `SELECT 1 AS may_see, 'x'EXEC('x')`},
		{"EXEC right after a name", `SELECT 1 AS may_see, [x]EXEC('x')`},
		{"EXEC right after a number", `SELECT 1 AS may_see, 1EXEC('x')`},
		{"EXEC right after an exponent", `SELECT 1 AS may_see, 1e5EXEC('x')`},
		{"EXEC right after an exponent and a point", `SELECT 1 AS may_see, 1.e5EXEC('x')`},
		{"EXEC right after a negative exponent", `SELECT 1 AS may_see, 1e-5EXEC('x')`},
		{"TRUNCATE right after a hexadecimal number", `SELECT 1 AS may_see, 0xATRUNCATE TABLE t`},
		{"DROP that begins like a hexadecimal digit", `SELECT 1 AS may_see, 0x1DROP TABLE t`},
		{"statement hidden by a quotation mark in a name", `SELECT 1 AS may_see, 1 AS [a'] ; DROP TABLE t ; SELECT 'b'`},
		{"statement hidden by a bracket in a literal", `SELECT 1 AS may_see, '[' DROP TABLE t, ']'`},
		{"statement hidden by a doubled bracket", `SELECT 1 AS may_see, [a]]] DROP TABLE t`},
		{"statement hidden by double quotation marks", `SELECT 1 AS may_see, "'" DROP TABLE t, "'"`},
		{"statement behind a space that is not ASCII", "SELECT 1 AS may_see\u00a0EXEC\u3000x"},

		{"SELECT INTO", `SELECT 1 AS may_see INTO t2 FROM t`},
		{"INSERT", `INSERT INTO t SELECT 1 AS may_see`},
		{"INSERT after it", `SELECT 1 AS may_see INSERT t VALUES (1)`},
		{"UPDATE", `UPDATE t SET may_see = 1`},
		{"DELETE", `DELETE FROM t`},
		{"WITH ... DELETE", `WITH c AS (SELECT 1 AS may_see) DELETE FROM c`},
		{"WITH ... UPDATE", `WITH c AS (SELECT 1 AS may_see) UPDATE c SET may_see = 2`},
		{"MERGE", `WITH c AS (SELECT 1 AS may_see) MERGE t USING c ON 1 = 1 WHEN MATCHED THEN DELETE`},
		{"CREATE", `SELECT 1 AS may_see CREATE TABLE t (a int)`},
		{"DECLARE", `DECLARE @a int SELECT @a AS may_see`},
		{"SET", `SELECT 1 AS may_see SET NOCOUNT ON`},
		{"USE", `SELECT 1 AS may_see USE master`},
		{"WAITFOR", `SELECT 1 AS may_see WAITFOR DELAY '01:00'`},
		{"KILL", `SELECT 1 AS may_see KILL 51`},
		{"SHUTDOWN", `SELECT 1 AS may_see SHUTDOWN`},
		{"DBCC", `SELECT 1 AS may_see DBCC CHECKDB`},
		{"BACKUP", `SELECT 1 AS may_see BACKUP DATABASE x TO DISK = 'x'`},
		{"RECEIVE takes messages away", `SELECT 1 AS may_see RECEIVE a FROM q`},
		{"CHECKPOINT writes", `SELECT 1 AS may_see CHECKPOINT`},
		{"a sequence's next value", `SELECT NEXT VALUE FOR s AS may_see`},
		{"exclusive lock", `SELECT 1 AS may_see FROM t WITH (TABLOCKX)`},
		{"lock that is held", `SELECT 1 AS may_see FROM t WITH (HOLDLOCK)`},

		{"OPENROWSET", `SELECT 1 AS may_see FROM OPENROWSET('x', 'y', 'z')`},
		{"OPENQUERY", `SELECT 1 AS may_see FROM OPENQUERY(x, 'y')`},
		{"OPENDATASOURCE", `SELECT 1 AS may_see FROM OPENDATASOURCE('x', 'y').a.b.c`},
		{"another server", `SELECT 1 AS may_see FROM srv.db.dbo.t`},
		{"another server in brackets", `SELECT 1 AS may_see FROM [srv] . [db]..[t]`},

		{"star", `SELECT * FROM t WHERE may_see = 1`},
		{"star after a column", `SELECT may_see, * FROM t`},
		{"star before a column", `SELECT *, 1 AS may_see FROM t`},
		{"a table's star", `SELECT t.*, 1 AS may_see FROM t`},
		{"a table's star at the end", `SELECT 1 AS may_see, t . * FROM t`},
		{"star after TOP", `SELECT TOP (5) * FROM t WHERE may_see = 1`},
		{"star after DISTINCT", `SELECT DISTINCT * FROM t WHERE may_see = 1`},
		{"star in a subquery", `SELECT 1 AS may_see FROM (SELECT * FROM t) x`},
		{"star without FROM", `SELECT 1 AS may_see WHERE EXISTS (SELECT *)`},
		{"star before a bracketed name", `SELECT TOP (5) *, [a] FROM t WHERE may_see = 1`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := platform.CheckSQL(test.text); err == nil {
				t.Error("it is accepted")
			} else if !strings.Contains(err.Error(), test.text) {
				t.Errorf("the error does not show the statement: %v", err)
			}
		})
	}
}

func TestCheckSQLAccepts(t *testing.T) {
	tests := []struct{ name, text string }{
		{"one row", `SELECT 1 AS may_see`},
		{"small letters", `select 1 as MAY_SEE from t`},
		{"WITH", `WITH c AS (SELECT a FROM t) SELECT a, 1 AS may_see FROM c`},
		{"two of WITH", `WITH c (a) AS (SELECT 1), d AS (SELECT a FROM c) SELECT a, 1 AS may_see FROM d`},
		{"COUNT(*)", `SELECT COUNT(*) AS rows_found, 1 AS may_see FROM t`},
		{"COUNT ( * )", `SELECT count ( * ) AS rows_found, 1 AS may_see FROM t`},
		{"COUNT_BIG(*)", `SELECT COUNT_BIG(*) AS rows_found, 1 AS may_see FROM t`},
		{"COUNT(*) in a condition", `SELECT a, 1 AS may_see FROM t GROUP BY a HAVING COUNT(*) > 1`},
		{"COUNT(*) OVER", `SELECT COUNT(*) OVER (PARTITION BY a) AS n, 1 AS may_see FROM t`},
		{"product", `SELECT a * 8192 AS bytes, a*b AS c, (a) * (b) AS d, 1 AS may_see FROM t`},
		{"product with a bracketed name", `SELECT a * [from] AS b, [a]*[b] AS c, 1 AS may_see FROM t`},
		{"subquery", `SELECT (SELECT MAX(a) FROM t) AS a, 1 AS may_see WHERE EXISTS (SELECT 1 FROM t)`},
		{"keywords in brackets", `SELECT [delete] AS [update], t.[exec], 1 AS may_see FROM [insert] t WHERE t.[into] = 1`},
		{"brackets that hold marks", `SELECT [a;b] AS [c--d], [e]]f'g] AS [/*], 1 AS may_see FROM t`},
		{"keywords in a literal", `SELECT 1 AS may_see FROM t WHERE a = 'EXEC sp_who; DROP TABLE t' OR b = N'DELETE -- /* * FROM'`},
		{"procedure's name in a literal", `SELECT HAS_PERMS_BY_NAME(N'sp_who', N'OBJECT', N'EXECUTE') AS may_see`},
		{"quotation marks in a literal", `SELECT 1 AS may_see FROM t WHERE a = 'it''s; [x' AND b = ''''`},
		{"bracket in a literal", `SELECT 1 AS may_see FROM t WHERE a LIKE '[a-z]%' AND b LIKE '%]%'`},
		{"empty literal", `SELECT '' AS a, 1 AS may_see`},
		{"beyond ASCII in a literal", `SELECT 'größer' AS a, 1 AS may_see`},
		{"numbers", `SELECT 1 AS may_see, 0x1F AS a, 0xdeadBEEF AS b, 1e5 AS c, 1.5E+3 AS d, .5 AS e, 2. AS f, -1 AS g, 1e-5 AS h`},
		{"digits in names", `SELECT t1.a2b AS c3, 1 AS may_see FROM t1`},
		{"three parts", `SELECT b.a AS a, 1 AS may_see FROM msdb.dbo.backupset b`},
		{"three parts, one empty", `SELECT a, 1 AS may_see FROM msdb..backupset`},
		{"system's values", `SELECT @@VERSION AS a, 1 AS may_see`},
		{"words that hold a keyword", `SELECT updated, executed, is_deleted, settings, used, 1 AS may_see FROM insertions`},
		{"CASE", `SELECT CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1 THEN 1 ELSE 0 END AS may_see`},
		{"option", `SELECT TOP (5) a, 1 AS may_see FROM t ORDER BY a OPTION (MAXDOP 1)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := platform.CheckSQL(test.text); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSQLPanics(t *testing.T) {
	for _, text := range []string{``, `SELECT a FROM t`, `SELECT 1 AS may_see; DROP TABLE t`, `SELECT 'x AS may_see`} {
		func() {
			defer func() {
				if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "statement bad-one") {
					t.Errorf("%q: the panic is %v", text, p)
				}
			}()
			platform.SQL[struct{}]("bad-one", text)
		}()
	}
}

func TestSQLQuestion(t *testing.T) {
	statement := platform.SQL[struct{}]("name", "\n\t\tSELECT a,\n\t\t\t'it''s  two\n\tlines' AS b, [c  d] AS e,\t1 AS may_see\n\t\tFROM t  WHERE a = ''\n")
	want := platform.Question{
		Kind: platform.KindSQL, On: `SQL01\X`, Where: "CM_P01", What: "name",
		Text: "SELECT a, 'it''s  two\n\tlines' AS b, [c  d] AS e, 1 AS may_see FROM t WHERE a = ''",
	}
	if got := statement.In(`SQL01\X`, "CM_P01").Question; got != want {
		t.Errorf("the question is %+v; want %+v", got, want)
	}
}
