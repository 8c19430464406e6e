#include "fake_winhttp.h"

#include <algorithm>

namespace fake {
namespace {

WinHttp* installed = nullptr;

Handle& Of(HINTERNET handle) { return *static_cast<Handle*>(handle); }

HINTERNET Open(LPCWSTR, DWORD, LPCWSTR, LPCWSTR, DWORD) { return installed->Open(); }
HINTERNET Connect(HINTERNET, LPCWSTR host, INTERNET_PORT, DWORD) {
  installed->SawHost(host);
  return installed->Open();
}
HINTERNET OpenRequest(HINTERNET, LPCWSTR, LPCWSTR path, LPCWSTR, LPCWSTR, LPCWSTR*, DWORD flags) {
  installed->SawRequestLine(path, flags);
  return installed->OpenRequest();
}
BOOL AddRequestHeaders(HINTERNET, LPCWSTR headers, DWORD length, DWORD) {
  installed->SawHeaders(std::wstring(headers, length));
  return TRUE;
}
BOOL SetOption(HINTERNET handle, DWORD option, LPVOID value, DWORD size) {
  if (option != WINHTTP_OPTION_CONTEXT_VALUE) return installed->SetOption(option, value, size);
  Of(handle).context = *static_cast<DWORD_PTR*>(value);
  return TRUE;
}
BOOL QueryOption(HINTERNET, DWORD option, LPVOID out, LPDWORD) {
  return option == WINHTTP_OPTION_SERVER_CERT_CONTEXT && installed->QueryCertificate(static_cast<PCCERT_CONTEXT*>(out));
}
BOOL SetTimeouts(HINTERNET, int, int, int, int) { return TRUE; }
WINHTTP_STATUS_CALLBACK SetStatusCallback(HINTERNET handle, WINHTTP_STATUS_CALLBACK callback, DWORD, DWORD_PTR) {
  Of(handle).callback = callback;
  return nullptr;
}
BOOL SendRequest(HINTERNET handle, LPCWSTR headers, DWORD length, LPVOID, DWORD, DWORD total, DWORD_PTR) {
  if (headers != nullptr) installed->SawHeaders(std::wstring(headers, length));
  return installed->Send(Of(handle), total);
}
BOOL WriteData(HINTERNET handle, LPCVOID bytes, DWORD size, LPDWORD) {
  return installed->Write(Of(handle), std::string(static_cast<const char*>(bytes), size));
}
BOOL ReceiveResponse(HINTERNET handle, LPVOID) { return installed->Receive(Of(handle)); }
BOOL QueryHeaders(HINTERNET, DWORD what, LPCWSTR, LPVOID out, LPDWORD size, LPDWORD) {
  if (what == (WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER)) {
    *static_cast<DWORD*>(out) = installed->status_code();
    return TRUE;
  }
  const std::wstring raw = installed->raw_headers();
  if (out == nullptr) {
    *size = static_cast<DWORD>((raw.size() + 1) * sizeof(wchar_t));
    return FALSE;
  }
  std::copy(raw.begin(), raw.end(), static_cast<wchar_t*>(out));
  *size = static_cast<DWORD>(raw.size() * sizeof(wchar_t));
  return TRUE;
}
BOOL QueryDataAvailable(HINTERNET handle, LPDWORD) { return installed->Query(Of(handle)); }
BOOL ReadData(HINTERNET handle, LPVOID out, DWORD size, LPDWORD) {
  return installed->Read(Of(handle), static_cast<BYTE*>(out), size);
}
BOOL CloseHandle(HINTERNET handle) {
  installed->Close(Of(handle));
  return TRUE;
}
BOOL FreeCertificate(PCCERT_CONTEXT) {
  installed->FreeCertificate();
  return TRUE;
}
BOOL GetChain(HCERTCHAINENGINE, PCCERT_CONTEXT, FILETIME*, HCERTSTORE, CERT_CHAIN_PARA* parameters, DWORD flags, LPVOID,
              PCCERT_CHAIN_CONTEXT* chain) {
  return installed->GetChain(*parameters, flags, chain);
}
void FreeChain(PCCERT_CHAIN_CONTEXT) { installed->FreeChain(); }
DWORD LastError() { return installed->last_error(); }
bool Submit(void (*work)(void*) noexcept, void* context) noexcept { return installed->Submit(work, context); }

}  // namespace

void Install(WinHttp* winhttp) { installed = winhttp; }

const msal_mi::WinHttpApi& Api() {
  static const msal_mi::WinHttpApi api{Open,
                                       Connect,
                                       OpenRequest,
                                       AddRequestHeaders,
                                       SetOption,
                                       QueryOption,
                                       SetTimeouts,
                                       SetStatusCallback,
                                       SendRequest,
                                       WriteData,
                                       ReceiveResponse,
                                       QueryHeaders,
                                       QueryDataAvailable,
                                       ReadData,
                                       CloseHandle,
                                       FreeCertificate,
                                       GetChain,
                                       FreeChain,
                                       LastError,
                                       Submit};
  return api;
}

}  // namespace fake
