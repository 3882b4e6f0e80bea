// Event logs from files below C:\fake\events, one event a line, in the order in which they
// are served: LOG.all for the query *, LOG.found for any other. Queries are not evaluated but
// written down in queries.txt. The number in LOG.query fails EvtQuery, that in LOG.next fails
// EvtNext at the end of the events; 0 is a failure without a number.
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct object { WCHAR log[64]; char *text; };

static char *load(const WCHAR *log, const WCHAR *suffix) {
	WCHAR path[300];
	DWORD size, got;
	char *text;
	wsprintfW(path, L"C:\\fake\\events\\%s.%s", log, suffix);
	HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
	if (file == INVALID_HANDLE_VALUE) return NULL;
	size = GetFileSize(file, NULL);
	text = calloc(1, size + 1);
	ReadFile(file, text, size, &got, NULL);
	CloseHandle(file);
	return text;
}

HANDLE WINAPI EvtQuery(HANDLE session, const WCHAR *log, const WCHAR *query, DWORD flags) {
	struct object *results;
	char *fails = load(log, L"query");
	FILE *queries = fopen("C:\\fake\\events\\queries.txt", "ab");
	if (queries) {
		fprintf(queries, "%lx %ls: %ls\n", flags, log, query);
		fclose(queries);
	}
	if (fails) {
		SetLastError(atoi(fails));
		return NULL;
	}
	results = calloc(1, sizeof *results);
	lstrcpynW(results->log, log, 64);
	results->text = load(log, wcscmp(query, L"*") ? L"found" : L"all");
	if (!results->text) {
		SetLastError(15007);
		return NULL;
	}
	return results;
}

BOOL WINAPI EvtNext(HANDLE handle, DWORD size, HANDLE *events, DWORD timeout, DWORD flags, DWORD *returned) {
	struct object *results = handle, *event;
	char *end, *fails;
	*returned = 0;
	while (*returned < size && (end = strchr(results->text, '\n'))) {
		event = calloc(1, sizeof *event);
		event->text = calloc(1, end - results->text + 1);
		memcpy(event->text, results->text, end - results->text);
		events[(*returned)++] = event;
		results->text = end + 1;
	}
	if (*returned) return TRUE;
	fails = load(results->log, L"next");
	SetLastError(fails ? atoi(fails) : ERROR_NO_MORE_ITEMS);
	return FALSE;
}

BOOL WINAPI EvtRender(HANDLE context, HANDLE event, DWORD flags, DWORD size, void *buffer, DWORD *used, DWORD *properties) {
	const char *text = ((struct object *)event)->text;
	int units = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
	*used = units * sizeof(WCHAR);
	*properties = 0;
	if (flags != 1) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return FALSE;
	}
	if (size < *used) {
		SetLastError(ERROR_INSUFFICIENT_BUFFER);
		return FALSE;
	}
	MultiByteToWideChar(CP_UTF8, 0, text, -1, buffer, units);
	return TRUE;
}

BOOL WINAPI EvtClose(HANDLE object) { return TRUE; }
