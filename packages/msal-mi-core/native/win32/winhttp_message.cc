#include "winhttp_message.h"

#include <charconv>
#include <iterator>
#include <limits>

#include <wide_string.h>
#include <win32_error.h>

// Absent from the mingw-w64 headers of 2022.
#ifndef WINHTTP_IGNORE_REQUEST_TOTAL_LENGTH
#define WINHTTP_IGNORE_REQUEST_TOTAL_LENGTH 0
#endif

namespace msal_mi {
namespace {

constexpr std::uint64_t kLargestTotalLength = 0xFFFFFFFE;

bool EqualsIgnoringCase(const std::u16string& text, std::size_t at, const char16_t* lower) {
  for (; *lower != u'\0'; ++at, ++lower) {
    if (at >= text.size()) return false;
    const char16_t unit =
        text[at] >= u'A' && text[at] <= u'Z' ? static_cast<char16_t>(text[at] + (u'a' - u'A')) : text[at];
    if (unit != *lower) return false;
  }
  return true;
}

}  // namespace

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

std::vector<std::uint8_t> FrameChunk(const std::vector<std::uint8_t>& chunk) {
  static constexpr char kLineEnd[] = {'\r', '\n'};
  char size[2 * sizeof(std::size_t)];
  char* const end = std::to_chars(std::begin(size), std::end(size), chunk.size(), 16).ptr;
  std::vector<std::uint8_t> framed(size, end);
  framed.insert(framed.end(), std::begin(kLineEnd), std::end(kLineEnd));
  framed.insert(framed.end(), chunk.begin(), chunk.end());
  framed.insert(framed.end(), std::begin(kLineEnd), std::end(kLineEnd));
  return framed;
}

std::vector<std::uint8_t> LastChunk() { return {'0', '\r', '\n', '\r', '\n'}; }

ResponseHead ReadResponseHead(const WinHttpApi& api, HINTERNET request) {
  ResponseHead head;
  DWORD size = sizeof(head.status);
  if (!api.query_headers(request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, WINHTTP_HEADER_NAME_BY_INDEX,
                         &head.status, &size, WINHTTP_NO_HEADER_INDEX)) {
    throw Win32Error("WinHttpQueryHeaders", api.last_error());
  }
  size = 0;
  api.query_headers(request, WINHTTP_QUERY_RAW_HEADERS_CRLF, WINHTTP_HEADER_NAME_BY_INDEX, nullptr, &size,
                    WINHTTP_NO_HEADER_INDEX);
  std::wstring raw(size / sizeof(wchar_t), L'\0');
  if (!api.query_headers(request, WINHTTP_QUERY_RAW_HEADERS_CRLF, WINHTTP_HEADER_NAME_BY_INDEX, raw.data(), &size,
                         WINHTTP_NO_HEADER_INDEX)) {
    throw Win32Error("WinHttpQueryHeaders", api.last_error());
  }
  raw.resize(size / sizeof(wchar_t));
  head.raw_headers = FromWide(raw);
  return head;
}

std::optional<std::uint64_t> DeclaredBodyLength(const std::u16string& method, const ResponseHead& head) {
  if (method == u"HEAD" || head.status == 204 || head.status == 304) return std::nullopt;
  const std::u16string& raw_headers = head.raw_headers;
  constexpr char16_t kName[] = u"\ncontent-length:";
  constexpr char16_t kChunked[] = u"\ntransfer-encoding:";
  std::optional<std::uint64_t> declared;
  for (std::size_t at = raw_headers.find(u'\n'); at != std::u16string::npos; at = raw_headers.find(u'\n', at + 1)) {
    if (EqualsIgnoringCase(raw_headers, at, kChunked)) return std::nullopt;
    if (declared || !EqualsIgnoringCase(raw_headers, at, kName)) continue;
    std::size_t digit = at + sizeof(kName) / sizeof(char16_t) - 1;
    while (digit < raw_headers.size() && (raw_headers[digit] == u' ' || raw_headers[digit] == u'\t')) ++digit;
    std::uint64_t value = 0;
    for (; digit < raw_headers.size() && raw_headers[digit] >= u'0' && raw_headers[digit] <= u'9'; ++digit) {
      if (value > (UINT64_MAX - 9) / 10) return std::nullopt;
      value = value * 10 + static_cast<std::uint64_t>(raw_headers[digit] - u'0');
    }
    declared = value;
  }
  return declared;
}

}  // namespace msal_mi
