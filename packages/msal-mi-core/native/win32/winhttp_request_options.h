// Pure parts of a request: what is set on its handle, and what its headers say about bodies.
#pragma once

#include "winhttp_api.h"  // <windows.h> first

#include <cstdint>
#include <optional>
#include <string>

#include "client_certificate.h"
#include "winhttp_request.h"

namespace msal_mi {

// Throws Win32Error when WinHTTP refuses.
void SetRequiredOption(const WinHttpApi& api, HINTERNET handle, DWORD option, void* value, DWORD size);

// Client certificate, no redirects, no cookies, no automatic logon, time limits, revocation.
void SetRequestOptions(const WinHttpApi& api, HINTERNET request, const ClientCertificate* certificate,
                       const RequestOptions& options);

// Header lines that frame the body, beyond what WinHTTP adds itself.
std::wstring BodyHeaders(const RequestOptions& options);

// dwTotalLength of WinHttpSendRequest.
DWORD TotalLength(const RequestOptions& options);

// Content-Length of a response that has a body.
std::optional<std::uint64_t> DeclaredBodyLength(const std::u16string& method, std::uint32_t status,
                                                const std::wstring& raw_headers);

}  // namespace msal_mi
