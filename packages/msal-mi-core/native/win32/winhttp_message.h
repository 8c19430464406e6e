// What a request and its response say on the wire: how bodies are framed, and what heads declare of them.
#pragma once

#include "winhttp_api.h"  // <windows.h> first

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "winhttp_request.h"

namespace msal_mi {

// Header lines that frame the body, beyond what WinHTTP adds itself.
std::wstring BodyHeaders(const RequestOptions& options);

// dwTotalLength of WinHttpSendRequest.
DWORD TotalLength(const RequestOptions& options);

// A chunk of a chunked body (RFC 9112 section 7.1), not empty.
std::vector<std::uint8_t> FrameChunk(const std::vector<std::uint8_t>& chunk);

// What ends a chunked body.
std::vector<std::uint8_t> LastChunk();

// Head of the response that a request has received. Throws Win32Error.
ResponseHead ReadResponseHead(const WinHttpApi& api, HINTERNET request);

// Content-Length of a response that has a body.
std::optional<std::uint64_t> DeclaredBodyLength(const std::u16string& method, const ResponseHead& head);

}  // namespace msal_mi
