// The functions of WinHTTP, answered by an object: what the doubles of the tests have in common.
#pragma once

#include <string>

#include "win32/winhttp_api.h"

namespace fake {

// The handle of a session, a connection or a request.
struct Handle {
  WINHTTP_STATUS_CALLBACK callback = nullptr;
  DWORD_PTR context = 0;

  void Report(DWORD status, void* value = nullptr, DWORD length = 0) { callback(this, context, status, value, length); }
};

// What a double has no opinion of succeeds.
class WinHttp {
 public:
  virtual ~WinHttp() = default;

  virtual Handle* Open() = 0;  // a session or a connection
  virtual Handle* OpenRequest() = 0;
  virtual void SawHost(const std::wstring&) {}
  virtual void SawRequestLine(const std::wstring& /*path*/, DWORD /*flags*/) {}
  virtual void SawHeaders(const std::wstring&) {}
  virtual BOOL SetOption(DWORD /*option*/, const void* /*value*/, DWORD /*size*/) { return TRUE; }
  // The certificate of the server, before the request goes out.
  virtual BOOL QueryCertificate(PCCERT_CONTEXT*) { return FALSE; }
  virtual void FreeCertificate() {}
  virtual BOOL GetChain(const CERT_CHAIN_PARA&, DWORD /*flags*/, PCCERT_CHAIN_CONTEXT*) { return FALSE; }
  virtual void FreeChain() {}

  virtual BOOL Send(Handle&, DWORD total_length) = 0;
  virtual BOOL Write(Handle&, const std::string& piece) = 0;
  virtual BOOL Receive(Handle&) = 0;
  virtual BOOL Query(Handle&) = 0;
  virtual BOOL Read(Handle&, BYTE* out, DWORD size) = 0;
  virtual void Close(Handle&) = 0;

  virtual DWORD status_code() const { return 200; }
  virtual std::wstring raw_headers() const { return L"HTTP/1.1 200 OK\r\n\r\n"; }
  virtual DWORD last_error() const { return 0; }
  virtual bool Submit(void (*work)(void*) noexcept, void* context) = 0;
};

// The functions reach this one; a table has no room for more.
void Install(WinHttp* winhttp);
const msal_mi::WinHttpApi& Api();

}  // namespace fake
