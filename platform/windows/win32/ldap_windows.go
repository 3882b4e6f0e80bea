package win32

// winldap.h. Its names begin with a small letter, which Go would keep to this package.

//sys	Ldap_initW(host *uint16, port uint32) (session windows.Handle) = wldap32.ldap_initW
//sys	Ldap_set_optionW(session windows.Handle, option uint32, value *uint32) (code uint32) = wldap32.ldap_set_optionW
//sys	Ldap_connect(session windows.Handle, timeout *LdapTimeval) (code uint32) = wldap32.ldap_connect
//sys	Ldap_bind_sW(session windows.Handle, name *uint16, credentials *uint16, method uint32) (code uint32) = wldap32.ldap_bind_sW
//sys	Ldap_search_ext_sW(session windows.Handle, base *uint16, scope uint32, filter *uint16, attributes **uint16, namesOnly uint32, serverControls uintptr, clientControls uintptr, timeout *LdapTimeval, limit uint32, result *windows.Handle) (code uint32) = wldap32.ldap_search_ext_sW
//sys	Ldap_first_entry(session windows.Handle, result windows.Handle) (entry windows.Handle) = wldap32.ldap_first_entry
//sys	Ldap_get_values_lenW(session windows.Handle, entry windows.Handle, attribute *uint16) (values windows.Handle) = wldap32.ldap_get_values_lenW
//sys	Ldap_count_values_len(values windows.Handle) (count uint32) = wldap32.ldap_count_values_len
//sys	Ldap_value_free_len(values windows.Handle) (code uint32) = wldap32.ldap_value_free_len
//sys	Ldap_msgfree(result windows.Handle) (code uint32) = wldap32.ldap_msgfree
//sys	Ldap_unbind(session windows.Handle) (code uint32) = wldap32.ldap_unbind

// LdapTimeval is an LDAP_TIMEVAL.
type LdapTimeval struct {
	Seconds      int32
	Microseconds int32
}

// LdapBerval is an LDAP_BERVAL.
type LdapBerval struct {
	Length uint32
	Value  *byte
}

// The port of a directory, what a connection to it can be told, how it is asked and what it says.
const (
	LDAP_PORT = 389

	LDAP_OPT_TIMELIMIT        = 0x04
	LDAP_OPT_REFERRALS        = 0x08
	LDAP_OPT_PROTOCOL_VERSION = 0x11
	LDAP_OPT_SIGN             = 0x95
	LDAP_OPT_ENCRYPT          = 0x96
	LDAP_OPT_AREC_EXCLUSIVE   = 0x98

	LDAP_AUTH_NEGOTIATE = 0x486
	LDAP_SCOPE_BASE     = 0

	LDAP_SUCCESS                   = 0x00
	LDAP_TIMELIMIT_EXCEEDED        = 0x03
	LDAP_AUTH_METHOD_NOT_SUPPORTED = 0x07
	LDAP_STRONG_AUTH_REQUIRED      = 0x08
	LDAP_CONFIDENTIALITY_REQUIRED  = 0x0d
	LDAP_INAPPROPRIATE_AUTH        = 0x30
	LDAP_INVALID_CREDENTIALS       = 0x31
	LDAP_INSUFFICIENT_RIGHTS       = 0x32
	LDAP_BUSY                      = 0x33
	LDAP_UNAVAILABLE               = 0x34
	LDAP_SERVER_DOWN               = 0x51
	LDAP_TIMEOUT                   = 0x55
	LDAP_CONNECT_ERROR             = 0x5b
)
