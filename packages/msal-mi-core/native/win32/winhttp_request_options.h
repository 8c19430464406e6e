// What is set on the handle of a request.
#pragma once

#include "winhttp_api.h"  // <windows.h> first

#include "client_certificate.h"
#include "winhttp_request.h"

namespace msal_mi {

// Throws Win32Error when WinHTTP refuses.
void SetRequiredOption(const WinHttpApi& api, HINTERNET handle, DWORD option, void* value, DWORD size);

// Client certificate, no redirects, no cookies, no automatic logon, time limits, revocation.
void SetRequestOptions(const WinHttpApi& api, HINTERNET request, const ClientCertificate* certificate,
                       const RequestOptions& options);

}  // namespace msal_mi
