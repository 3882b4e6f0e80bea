package win32

import "golang.org/x/sys/windows"

// ntsecapi.h

//sys	LsaOpenPolicy(system *windows.NTUnicodeString, attributes *ObjectAttributes, access uint32, policy *windows.Handle) (ntstatus error) = advapi32.LsaOpenPolicy
//sys	LsaEnumerateAccountsWithUserRight(policy windows.Handle, right *windows.NTUnicodeString, accounts **RightHolder, count *uint32) (ntstatus error) = advapi32.LsaEnumerateAccountsWithUserRight
//sys	LsaFreeMemory(buffer *RightHolder) (ntstatus error) = advapi32.LsaFreeMemory
//sys	LsaClose(policy windows.Handle) (ntstatus error) = advapi32.LsaClose

// lmaccess.h

//sys	NetLocalGroupGetInfo(server *uint16, group *uint16, level uint32, buffer **LocalGroupInfo1) (neterr error) = netapi32.NetLocalGroupGetInfo
//sys	NetLocalGroupGetMembers(server *uint16, group *uint16, level uint32, buffer **LocalGroupMember2, preferredLength uint32, read *uint32, total *uint32, resume *uintptr) (neterr error) = netapi32.NetLocalGroupGetMembers

// dsgetdc.h

//sys	DsGetDcNameW(computer *uint16, domain *uint16, guid *windows.GUID, site *uint16, flags uint32, info **DomainControllerInfo) (neterr error) = netapi32.DsGetDcNameW

// winevt.h

//sys	EvtQuery(session windows.Handle, path *uint16, query *uint16, flags uint32) (handle windows.Handle, err error) = wevtapi.EvtQuery
//sys	EvtNext(results windows.Handle, size uint32, events *windows.Handle, timeout uint32, flags uint32, returned *uint32) (err error) = wevtapi.EvtNext
//sys	EvtRender(context windows.Handle, fragment windows.Handle, flags uint32, size uint32, buffer *uint16, used *uint32, properties *uint32) (err error) = wevtapi.EvtRender
//sys	EvtClose(object windows.Handle) (err error) = wevtapi.EvtClose

// wincrypt.h

//sys	CertGetCertificateContextProperty(certificate *windows.CertContext, property uint32, data *byte, length *uint32) (err error) = crypt32.CertGetCertificateContextProperty

// ObjectAttributes is an LSA_OBJECT_ATTRIBUTES. Only Length is used.
type ObjectAttributes struct {
	Length                   uint32
	RootDirectory            windows.Handle
	ObjectName               *windows.NTUnicodeString
	Attributes               uint32
	SecurityDescriptor       uintptr
	SecurityQualityOfService uintptr
}

// RightHolder is an LSA_ENUMERATION_INFORMATION.
type RightHolder struct {
	SID *windows.SID
}

// LocalGroupInfo1 is a LOCALGROUP_INFO_1.
type LocalGroupInfo1 struct {
	Name    *uint16
	Comment *uint16
}

// LocalGroupMember2 is a LOCALGROUP_MEMBERS_INFO_2.
type LocalGroupMember2 struct {
	SID  *windows.SID
	Use  uint32
	Name *uint16 // DOMAIN\name
}

// UserInfo4 is a USER_INFO_4. The password in it is never filled in by a query.
type UserInfo4 struct {
	Name            *uint16
	Password        *uint16
	PasswordAge     uint32
	Privilege       uint32
	HomeDir         *uint16
	Comment         *uint16
	Flags           uint32
	ScriptPath      *uint16
	AuthFlags       uint32
	FullName        *uint16
	UserComment     *uint16
	Parms           *uint16
	Workstations    *uint16
	LastLogon       uint32
	LastLogoff      uint32
	AccountExpires  uint32
	MaxStorage      uint32
	UnitsPerWeek    uint32
	LogonHours      *byte
	BadPasswords    uint32
	Logons          uint32
	LogonServer     *uint16
	CountryCode     uint32
	CodePage        uint32
	SID             *windows.SID
	PrimaryGroup    uint32
	Profile         *uint16
	HomeDirDrive    *uint16
	PasswordExpired uint32
}

// USER_INFO_4 by level, and what its flags say.
const (
	UserInfoLevel       = 4
	UF_SCRIPT           = 0x1
	UF_ACCOUNTDISABLE   = 0x2
	UF_LOCKOUT          = 0x10
	UF_PASSWORD_EXPIRED = 0x800000
	TIMEQ_FOREVER       = 0xFFFFFFFF

	// What sort of account it is; each has one of these.
	UF_TEMP_DUPLICATE_ACCOUNT    = 0x100
	UF_NORMAL_ACCOUNT            = 0x200
	UF_INTERDOMAIN_TRUST_ACCOUNT = 0x800
	UF_WORKSTATION_TRUST_ACCOUNT = 0x1000
	UF_SERVER_TRUST_ACCOUNT      = 0x2000
)

// DomainControllerInfo is a DOMAIN_CONTROLLER_INFO.
type DomainControllerInfo struct {
	Name           *uint16 // with two backslashes before it
	Address        *uint16
	AddressType    uint32
	DomainGUID     windows.GUID
	Domain         *uint16
	Forest         *uint16
	Flags          uint32
	Site           *uint16
	ClientSiteName *uint16
}

// Flags of DsGetDcName, and DS_DS_FLAG of what it answers: the controller has a directory.
const (
	DS_DIRECTORY_SERVICE_REQUIRED = 0x10
	DS_IS_FLAT_NAME               = 0x10000
	DS_RETURN_DNS_NAME            = 0x40000000
	DS_DS_FLAG                    = 0x10
)

// NERR_UserNotFound says that there is no such account (lmerr.h).
const NERR_UserNotFound = windows.Errno(2221)

// Access rights to the local security policy.
const (
	POLICY_VIEW_LOCAL_INFORMATION = 0x1
	POLICY_LOOKUP_NAMES           = 0x800
)

// LOCALGROUP_INFO_1 and LOCALGROUP_MEMBERS_INFO_2 by level, and the wish for all entries.
const (
	LocalGroupInfoLevel    = 1
	LocalGroupMembersLevel = 2
	MAX_PREFERRED_LENGTH   = 0xFFFFFFFF
)

// NERR_GroupNotFound says that there is no such local group (lmerr.h).
const NERR_GroupNotFound = windows.Errno(2220)

// Flags of EvtQuery and EvtRender.
const (
	EvtQueryChannelPath      = 0x1
	EvtQueryForwardDirection = 0x100
	EvtQueryReverseDirection = 0x200
	EvtRenderEventXML        = 1
)

// CERT_KEY_PROV_INFO_PROP_ID is the property that says where a private key is.
const CERT_KEY_PROV_INFO_PROP_ID = 2
