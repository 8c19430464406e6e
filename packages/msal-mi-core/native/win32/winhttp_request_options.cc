#include "winhttp_request_options.h"

#include <charconv>
#include <iterator>
#include <limits>
#include <string>

#include <win32_error.h>

// Absent from the mingw-w64 headers of 2022.
#ifndef WINHTTP_OPTION_IGNORE_CERT_REVOCATION_OFFLINE
#define WINHTTP_OPTION_IGNORE_CERT_REVOCATION_OFFLINE 155
#endif
#ifndef WINHTTP_OPTION_REQUIRE_STREAM_END
#define WINHTTP_OPTION_REQUIRE_STREAM_END 160
#endif
#ifndef WINHTTP_OPTION_ENABLE_HTTP_PROTOCOL
#define WINHTTP_OPTION_ENABLE_HTTP_PROTOCOL 133
#endif
#ifndef WINHTTP_IGNORE_REQUEST_TOTAL_LENGTH
#define WINHTTP_IGNORE_REQUEST_TOTAL_LENGTH 0
#endif

namespace msal_mi {
namespace {

// For options that older systems do not know and that only tighten or tune what is safe without them.
bool SetOptionalDword(const WinHttpApi& api, HINTERNET handle, DWORD option, DWORD value) {
  return api.set_option(handle, option, &value, sizeof(value)) != FALSE;
}

void SetRequiredDword(const WinHttpApi& api, HINTERNET handle, DWORD option, DWORD value) {
  SetRequiredOption(api, handle, option, &value, sizeof(value));
}

bool EqualsIgnoringCase(const std::wstring& text, std::size_t at, const wchar_t* lower) {
  for (; *lower != L'\0'; ++at, ++lower) {
    if (at >= text.size()) return false;
    const wchar_t unit =
        text[at] >= L'A' && text[at] <= L'Z' ? static_cast<wchar_t>(text[at] + (L'a' - L'A')) : text[at];
    if (unit != *lower) return false;
  }
  return true;
}

constexpr std::uint64_t kLargestTotalLength = 0xFFFFFFFE;

}  // namespace

void SetRequiredOption(const WinHttpApi& api, HINTERNET handle, DWORD option, void* value, DWORD size) {
  if (!api.set_option(handle, option, value, size)) throw Win32Error("WinHttpSetOption", api.last_error());
}

void SetRequestOptions(const WinHttpApi& api, HINTERNET request, const ClientCertificate* certificate,
                       const RequestOptions& options) {
  SetRequiredDword(api, request, WINHTTP_OPTION_DISABLE_FEATURE,
                   WINHTTP_DISABLE_COOKIES | WINHTTP_DISABLE_REDIRECTS | WINHTTP_DISABLE_AUTHENTICATION);
  SetRequiredDword(api, request, WINHTTP_OPTION_REDIRECT_POLICY, WINHTTP_OPTION_REDIRECT_POLICY_NEVER);
  SetOptionalDword(api, request, WINHTTP_OPTION_AUTOLOGON_POLICY, WINHTTP_AUTOLOGON_SECURITY_LEVEL_HIGH);
  SetOptionalDword(api, request, WINHTTP_OPTION_ENABLE_HTTP_PROTOCOL, 0);  // HTTP/1.1
  SetOptionalDword(api, request, WINHTTP_OPTION_REQUIRE_STREAM_END, TRUE);
  SetRequiredDword(api, request, WINHTTP_OPTION_RECEIVE_RESPONSE_TIMEOUT, options.response_timeout_ms);

  if (certificate != nullptr) {
    // WinHTTP duplicates the context; the pointer is not written through.
    SetRequiredOption(api, request, WINHTTP_OPTION_CLIENT_CERT_CONTEXT, const_cast<void*>(certificate->context()),
                      sizeof(CERT_CONTEXT));
  } else {
    SetRequiredOption(api, request, WINHTTP_OPTION_CLIENT_CERT_CONTEXT, WINHTTP_NO_CLIENT_CERT_CONTEXT, 0);
  }
  // Revocation checks that fail because nobody answers would cut off hosts without a route to the responders. Where
  // that cannot be told apart from a revoked certificate (before Windows 10 2004) there is no check.
  if (SetOptionalDword(api, request, WINHTTP_OPTION_IGNORE_CERT_REVOCATION_OFFLINE, TRUE)) {
    SetRequiredDword(api, request, WINHTTP_OPTION_ENABLE_FEATURE, WINHTTP_ENABLE_SSL_REVOCATION);
  }
}

std::wstring BodyHeaders(const RequestOptions& options) {
  if (options.body_kind == BodyKind::kChunked) return L"Transfer-Encoding: chunked\r\n";
  if (options.body_kind == BodyKind::kKnownLength && options.body_length > kLargestTotalLength) {
    // Formatted output, which std::to_wstring is, would be a tenth of the addon.
    char digits[std::numeric_limits<decltype(options.body_length)>::digits10 + 1];
    char* const end = std::to_chars(std::begin(digits), std::end(digits), options.body_length).ptr;
    return L"Content-Length: " + std::wstring(std::begin(digits), end) + L"\r\n";
  }
  return {};
}

DWORD TotalLength(const RequestOptions& options) {
  switch (options.body_kind) {
    case BodyKind::kWhole:
      return static_cast<DWORD>(options.body.size());
    case BodyKind::kKnownLength:
      if (options.body_length <= kLargestTotalLength) return static_cast<DWORD>(options.body_length);
      break;
    case BodyKind::kChunked:
      break;
  }
  return WINHTTP_IGNORE_REQUEST_TOTAL_LENGTH;
}

std::optional<std::uint64_t> DeclaredBodyLength(const std::u16string& method, std::uint32_t status,
                                                const std::wstring& raw_headers) {
  if (method == u"HEAD" || status == 204 || status == 304) return std::nullopt;
  constexpr wchar_t kName[] = L"\ncontent-length:";
  constexpr wchar_t kChunked[] = L"\ntransfer-encoding:";
  std::optional<std::uint64_t> declared;
  for (std::size_t at = raw_headers.find(L'\n'); at != std::wstring::npos; at = raw_headers.find(L'\n', at + 1)) {
    if (EqualsIgnoringCase(raw_headers, at, kChunked)) return std::nullopt;
    if (declared || !EqualsIgnoringCase(raw_headers, at, kName)) continue;
    std::size_t digit = at + sizeof(kName) / sizeof(wchar_t) - 1;
    while (digit < raw_headers.size() && (raw_headers[digit] == L' ' || raw_headers[digit] == L'\t')) ++digit;
    std::uint64_t value = 0;
    for (; digit < raw_headers.size() && raw_headers[digit] >= L'0' && raw_headers[digit] <= L'9'; ++digit) {
      if (value > (UINT64_MAX - 9) / 10) return std::nullopt;
      value = value * 10 + static_cast<std::uint64_t>(raw_headers[digit] - L'0');
    }
    declared = value;
  }
  return declared;
}

}  // namespace msal_mi
