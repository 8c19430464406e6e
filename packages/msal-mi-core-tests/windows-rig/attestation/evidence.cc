#include "evidence.h"

#include <bcrypt.h>
#include <wincrypt.h>
#include <winhttp.h>

#include <vector>

namespace fake_attestation {
namespace {

constexpr int kResponseParsing = -2;
constexpr int kRequestFailed = -5;
constexpr int kAttestationFailed = -6;
constexpr int kSendFailed = -7;
constexpr int kInvalidParameter = -8;
constexpr int kEmptyToken = -31;
constexpr int kPublicPart = -33;

std::string Base64Url(const BYTE* bytes, DWORD size) {
  DWORD length = 0;
  ::CryptBinaryToStringA(bytes, size, CRYPT_STRING_BASE64 | CRYPT_STRING_NOCRLF, nullptr, &length);
  std::string text(length, '\0');
  ::CryptBinaryToStringA(bytes, size, CRYPT_STRING_BASE64 | CRYPT_STRING_NOCRLF, text.data(), &length);
  std::string url;
  for (const char c : text) {
    if (c == '=' || c == '\0') break;
    url.push_back(c == '+' ? '-' : c == '/' ? '_' : c);
  }
  return url;
}

struct Internet {
  HINTERNET handle;
  ~Internet() {
    if (handle != nullptr) ::WinHttpCloseHandle(handle);
  }
  operator HINTERNET() const { return handle; }
};

std::string ReadBody(HINTERNET request) {
  std::string body;
  for (;;) {
    char chunk[4096];
    DWORD read = 0;
    if (!::WinHttpReadData(request, chunk, sizeof(chunk), &read) || read == 0) return body;
    body.append(chunk, read);
  }
}

}  // namespace

int CollectEvidence(NCRYPT_KEY_HANDLE key, const std::string& client_id, std::string& evidence) {
  DWORD isolation = 0;
  DWORD size = 0;
  const bool is_isolated =
      ::NCryptGetProperty(key, L"Virtual Iso", reinterpret_cast<PBYTE>(&isolation), sizeof(isolation), &size, 0) == 0 &&
      isolation != 0;
  std::vector<BYTE> blob(4096);
  if (::NCryptExportKey(key, 0, BCRYPT_RSAPUBLIC_BLOB, nullptr, blob.data(), static_cast<DWORD>(blob.size()), &size,
                        0) != 0) {
    return kPublicPart;
  }
  const auto* header = reinterpret_cast<const BCRYPT_RSAKEY_BLOB*>(blob.data());
  const BYTE* exponent = blob.data() + sizeof(*header);
  const BYTE* modulus = exponent + header->cbPublicExp;
  evidence = "{\"publicKey\":{\"n\":\"" + Base64Url(modulus, header->cbModulus) + "\",\"e\":\"" +
             Base64Url(exponent, header->cbPublicExp) + "\"},\"isolation\":" + (is_isolated ? "true" : "false") +
             ",\"clientId\":\"" + client_id + "\"}";
  return 0;
}

int RequestToken(const std::string& endpoint, const std::string& evidence, std::string& token) {
  const std::wstring url(endpoint.begin(), endpoint.end());
  wchar_t host[256];
  URL_COMPONENTS parts{};
  parts.dwStructSize = sizeof(parts);
  parts.lpszHostName = host;
  parts.dwHostNameLength = 256;
  if (!::WinHttpCrackUrl(url.c_str(), 0, 0, &parts)) return kInvalidParameter;

  const Internet session{
      ::WinHttpOpen(L"fake AttestationClientLib", WINHTTP_ACCESS_TYPE_NO_PROXY, nullptr, nullptr, 0)};
  const Internet connection{::WinHttpConnect(session, host, parts.nPort, 0)};
  const Internet request{::WinHttpOpenRequest(connection, L"POST", L"/attest/keyguard?api-version=fake", nullptr,
                                              nullptr, nullptr,
                                              parts.nScheme == INTERNET_SCHEME_HTTPS ? WINHTTP_FLAG_SECURE : 0)};
  const auto length = static_cast<DWORD>(evidence.size());
  if (!::WinHttpSendRequest(request, L"Content-Type: application/json\r\nConnection: close", static_cast<DWORD>(-1),
                            const_cast<char*>(evidence.data()), length, length, 0) ||
      !::WinHttpReceiveResponse(request, nullptr)) {
    return kSendFailed;
  }
  DWORD status = 0;
  DWORD size = sizeof(status);
  ::WinHttpQueryHeaders(request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, nullptr, &status, &size,
                        nullptr);
  const std::string body = ReadBody(request);
  if (status != 200) return status == 400 ? kAttestationFailed : kRequestFailed;

  const std::string member = "\"token\":\"";
  const std::size_t start = body.find(member);
  if (start == std::string::npos) return kResponseParsing;
  const std::size_t end = body.find('"', start + member.size());
  token = body.substr(start + member.size(), end - start - member.size());
  return token.empty() ? kEmptyToken : 0;
}

}  // namespace fake_attestation
