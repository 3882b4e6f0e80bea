// Local groups from files C:\fake\groups\NAME.txt. The first line is four numbers: what
// NetLocalGroupGetInfo returns, what NetLocalGroupGetMembers returns, how many members are
// claimed beyond those that are listed, and how many come at a time. Each further line is a
// member: SID, use and name. C:\fake\servers\SERVER\groups has those of another server.
// C:\fake\join.txt is the status and the name of the domain.
//
// Local accounts from files C:\fake\users\NAME.txt: what NetUserGetInfo returns, the SID, the flags,
// when the account ends in seconds since 1970, whether its password has expired, and the name
// if it is to be another. Without a SID nothing is filled in. C:\fake\servers\SERVER\users has
// those that another server knows, as a controller of a domain does.
//
// Domains from files C:\fake\domains\NAME.txt: what DsGetDcName returns, the flags that it answers
// with, and the name of the controller as it answers that. Without a flag nothing is filled in.
#include <windows.h>
#include <lm.h>
#define _DSGETDCAPI_
#include <dsgetdc.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

static FILE *openGroup(const WCHAR *server, const WCHAR *name, int *info, int *members, int *extra, int *size) {
	char path[300];
	FILE *file;
	if (server)
		snprintf(path, sizeof path, "C:\\fake\\servers\\%ls\\groups\\%ls.txt", server + wcsspn(server, L"\\"), name);
	else
		snprintf(path, sizeof path, "C:\\fake\\groups\\%ls.txt", name);
	file = fopen(path, "rb");
	if (file && fscanf(file, "%d %d %d %d\n", info, members, extra, size) != 4) abort();
	return file;
}

static void *allocate(size_t size) { return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size); }

static WCHAR *wide(const char *text) {
	int units = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
	WCHAR *copy = allocate(units * sizeof(WCHAR));
	MultiByteToWideChar(CP_UTF8, 0, text, -1, copy, units);
	return copy;
}

DWORD WINAPI NetLocalGroupGetInfo(const WCHAR *server, const WCHAR *name, DWORD level, BYTE **buffer) {
	int info, members, extra, size;
	LOCALGROUP_INFO_1 *group;
	FILE *file = openGroup(server, name, &info, &members, &extra, &size);
	if (!file) return 2220;
	fclose(file);
	if (info || level != 1) return info ? info : ERROR_INVALID_LEVEL;
	group = allocate(sizeof *group);
	group->lgrpi1_name = wcsdup(name);
	*buffer = (BYTE *)group;
	return 0;
}

DWORD WINAPI NetLocalGroupGetMembers(const WCHAR *server, const WCHAR *name, DWORD level, BYTE **buffer, DWORD preferred,
	DWORD *read, DWORD *total, DWORD_PTR *resume) {
	int info, members, extra, size;
	char sid[200], account[300], line[600];
	DWORD use, at = 0;
	LOCALGROUP_MEMBERS_INFO_2 *part;
	FILE *file = openGroup(server, name, &info, &members, &extra, &size);
	if (!file) return 2220;
	if (members || level != 2) {
		fclose(file);
		return members ? members : ERROR_INVALID_LEVEL;
	}
	part = allocate(size * sizeof *part);
	*buffer = (BYTE *)part;
	*read = 0;
	while (fgets(line, sizeof line, file)) {
		account[0] = 0;
		if (sscanf(line, "%199s %lu %299[^\n]", sid, &use, account) < 2) abort();
		if (at >= *resume && *read < (DWORD)size) {
			if (!ConvertStringSidToSidA(sid, &part[*read].lgrmi2_sid)) abort();
			part[*read].lgrmi2_sidusage = use;
			part[*read].lgrmi2_domainandname = wide(account);
			(*read)++;
		}
		at++;
	}
	fclose(file);
	*total = at - *resume + extra;
	*resume += *read;
	return *resume < at ? ERROR_MORE_DATA : 0;
}

DWORD WINAPI NetUserGetInfo(const WCHAR *server, const WCHAR *name, DWORD level, BYTE **buffer) {
	char path[300], sid[200] = "", other[200];
	int number, filled;
	unsigned long flags, ends, expired;
	USER_INFO_4 *user;
	FILE *file;
	if (server)
		snprintf(path, sizeof path, "C:\\fake\\servers\\%ls\\users\\%ls.txt", server + wcsspn(server, L"\\"), name);
	else
		snprintf(path, sizeof path, "C:\\fake\\users\\%ls.txt", name);
	file = fopen(path, "rb");
	if (!file) return 2221;
	filled = fscanf(file, "%d %199s %lx %lu %lu %199s", &number, sid, &flags, &ends, &expired, other);
	fclose(file);
	if (filled < 1) abort();
	if (number || level != 4) return number ? number : ERROR_INVALID_LEVEL;
	if (filled < 5) return 0;
	user = allocate(sizeof *user);
	user->usri4_name = filled > 5 ? wide(other) : wcsdup(name);
	user->usri4_flags = flags;
	user->usri4_acct_expires = ends;
	user->usri4_password_expired = expired;
	user->usri4_primary_group_id = DOMAIN_GROUP_RID_USERS;
	if (!ConvertStringSidToSidA(sid, &user->usri4_user_sid)) abort();
	*buffer = (BYTE *)user;
	return 0;
}

DWORD WINAPI DsGetDcNameW(const WCHAR *computer, const WCHAR *domain, GUID *guid, const WCHAR *site, ULONG flags, DOMAIN_CONTROLLER_INFOW **info) {
	char path[300], name[300] = "";
	int number, filled;
	unsigned long answered;
	BOOL flat = !wcschr(domain, '.');
	FILE *file;
	if (computer || guid || site || flags != (DS_DIRECTORY_SERVICE_REQUIRED | DS_RETURN_DNS_NAME | (flat ? DS_IS_FLAT_NAME : 0)))
		return ERROR_INVALID_FLAGS;
	snprintf(path, sizeof path, "C:\\fake\\domains\\%ls.txt", domain);
	file = fopen(path, "rb");
	if (!file) return ERROR_NO_SUCH_DOMAIN;
	filled = fscanf(file, "%d %lx %299s", &number, &answered, name);
	fclose(file);
	if (filled < 1) abort();
	if (number || filled < 2) return number;
	*info = allocate(sizeof **info);
	(*info)->Flags = answered;
	if (filled > 2) (*info)->DomainControllerName = wide(name);
	return 0;
}

DWORD WINAPI NetGetJoinInformation(const WCHAR *server, WCHAR **name, NETSETUP_JOIN_STATUS *status) {
	int number;
	char text[300] = "";
	FILE *file = fopen("C:\\fake\\join.txt", "rb");
	if (!file) return ERROR_ACCESS_DENIED;
	if (fscanf(file, "%d %299[^\n]", &number, text) < 1) abort();
	fclose(file);
	*status = number;
	*name = wide(text);
	return 0;
}
