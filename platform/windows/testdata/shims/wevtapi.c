// Event logs from files below C:\fake\events, one event a line, in the order in which they
// are served: LOG.all for the query *, LOG.found for any other, or where that is not there LOG.some,
// of which only the events are served whose number stands in the query. Queries are not evaluated
// further but written down in queries.txt. The number in LOG.query fails EvtQuery, that in LOG.next fails
// EvtNext at the end of the events; 0 is a failure without a number.
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct object { WCHAR log[64]; char *text; WCHAR *query; };

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

static BOOL asked(const char *event, const WCHAR *query) {
	WCHAR wanted[40];
	const char *id = strstr(event, "</EventID>");
	while (id && id > event && id[-1] != '>') id--;
	wsprintfW(wanted, L"EventID=%d", id ? atoi(id) : -1);
	return wcsstr(query, wanted) != NULL;
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
	if (!results->text && wcscmp(query, L"*") && (results->text = load(log, L"some"))) results->query = wcsdup(query);
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
		results->text = end + 1;
		if (!results->query || asked(event->text, results->query)) events[(*returned)++] = event;
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
