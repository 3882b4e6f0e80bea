package sqlservertest

import "encoding/binary"

// Tokens of an answer ([MS-TDS] 2.2.7).
const (
	tokenReturnStatus = 0x79
	tokenColumns      = 0x81
	tokenError        = 0xAA
	tokenInfo         = 0xAB
	tokenLoginAck     = 0xAD
	tokenRow          = 0xD1
	tokenEnvChange    = 0xE3
	tokenSSPI         = 0xED
	tokenDone         = 0xFD
	tokenDoneProc     = 0xFE
	tokenDoneInProc   = 0xFF
)

// Kinds of ENVCHANGE.
const (
	envDatabase   = 1
	envLanguage   = 2
	envPacketSize = 4
	envCollation  = 7
	envReset      = 18
)

// Bits of a DONE token's status.
const (
	doneMore      = 0x01
	doneError     = 0x02
	doneCount     = 0x10
	doneAttention = 0x20
)

// commandSelect is what a DONE token calls a SELECT.
const commandSelect = 0xC1

// collation is SQL_Latin1_General_CP1_CI_AS: LCID and flags, then the sort id.
var collation = [5]byte{0x09, 0x04, 0xD0, 0x00, 0x34}

func appendDone(b []byte, token byte, status, command uint16, count uint64) []byte {
	b = binary.LittleEndian.AppendUint16(append(b, token), status)
	b = binary.LittleEndian.AppendUint16(b, command)
	return binary.LittleEndian.AppendUint64(b, count)
}

// appendEnvChange appends a change of a value that is text.
func appendEnvChange(b []byte, kind byte, value, before string) []byte {
	body := appendShortText([]byte{kind}, value)
	body = appendShortText(body, before)
	b = binary.LittleEndian.AppendUint16(append(b, tokenEnvChange), uint16(len(body)))
	return append(b, body...)
}

// maxErrorText is the longest text of an error, in UTF-16 units.
const maxErrorText = 2047

// appendMessage appends an ERROR or INFO token.
func appendMessage(b []byte, token byte, e *Error) []byte {
	body := binary.LittleEndian.AppendUint32(nil, uint32(e.Number))
	body = append(body, e.State, e.Class)
	body = appendLongText(body, cut(e.Message, maxErrorText))
	body = appendShortText(body, "SQLSERVERTEST")
	body = appendShortText(body, "")                 // procedure
	body = binary.LittleEndian.AppendUint32(body, 1) // line
	b = binary.LittleEndian.AppendUint16(append(b, token), uint16(len(body)))
	return append(b, body...)
}

// appendErrors appends e and what comes after it.
func appendErrors(b []byte, e *Error) []byte {
	for ; e != nil; e = e.Next {
		b = appendMessage(b, tokenError, e)
	}
	return b
}

// appendColumns appends COLMETADATA.
func appendColumns(b []byte, columns []Column, types []columnType) []byte {
	const nullable = 0x0001
	b = binary.LittleEndian.AppendUint16(append(b, tokenColumns), uint16(len(columns)))
	for i, c := range columns {
		b = binary.LittleEndian.AppendUint32(b, 0) // user type
		b = binary.LittleEndian.AppendUint16(b, nullable)
		b = append(b, types[i].info...)
		b = appendShortText(b, c.Name)
	}
	return b
}
