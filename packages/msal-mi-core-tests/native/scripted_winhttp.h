// A WinHTTP whose every answer a test writes: it plays orders of events that no rig produces.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fake_winhttp.h"

// It has one request. `on_*` run inside of the call, on its thread, and return what the call returns.
class ScriptedWinHttp final : public fake::WinHttp {
 public:
  std::function<BOOL()> on_send = [] { return TRUE; };
  std::function<BOOL(std::string)> on_write = [](std::string) { return TRUE; };
  std::function<BOOL()> on_receive = [] { return TRUE; };
  std::function<BOOL()> on_query = [] { return TRUE; };
  std::function<BOOL(std::uint8_t*, DWORD)> on_read = [](std::uint8_t*, DWORD) { return TRUE; };
  // Default: the handle is closed at once.
  std::function<void()> on_close;
  // Option -> error. Others are accepted.
  std::map<DWORD, DWORD> refused_options;
  DWORD answered_status = 200;
  std::wstring answered_headers = L"HTTP/1.1 200 OK\r\n\r\n";
  DWORD error = 0;  // what GetLastError says
  bool submit_inline = true;
  bool refuses_threads = false;
  // What WinHttpQueryOption says of the server's certificate: 0 for one, else an error.
  DWORD certificate_error = 0;
  std::string certificate = "server";
  // What Windows finds in its chain; CertGetCertificateChain fails with `chain_failure` unless that is 0.
  DWORD chain_errors = 0;
  DWORD chain_failure = 0;

  // What was asked.
  std::vector<std::string> calls;
  std::map<DWORD, DWORD> options;
  std::wstring host;
  std::wstring path;
  DWORD open_flags = 0;
  std::wstring sent_headers;
  int certificates = 0;  // given out and not yet given back
  int chains = 0;
  std::vector<CERT_CHAIN_PARA> chain_parameters;
  DWORD chain_flags = 0;
  DWORD sent_total = 0;
  int depth = 0;
  int deepest = 0;

  void Report(DWORD status, void* value = nullptr, DWORD length = 0) { request_.Report(status, value, length); }
  void Available(DWORD bytes) { Report(WINHTTP_CALLBACK_STATUS_DATA_AVAILABLE, &bytes, sizeof(bytes)); }
  void HasRead(DWORD bytes) { Report(WINHTTP_CALLBACK_STATUS_READ_COMPLETE, nullptr, bytes); }
  void Error(DWORD_PTR api, DWORD failure);
  void Closing() { Report(WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING); }
  // Waits for work that was submitted to threads.
  void JoinWork();

  fake::Handle* Open() override { return &other_; }
  fake::Handle* OpenRequest() override { return &request_; }
  void SawHost(const std::wstring& name) override { host = name; }
  void SawRequestLine(const std::wstring& line_path, DWORD flags) override;
  void SawHeaders(const std::wstring& headers) override { sent_headers += headers; }
  BOOL SetOption(DWORD option, const void* value, DWORD size) override;
  BOOL QueryCertificate(PCCERT_CONTEXT* out) override;
  void FreeCertificate() override { --certificates; }
  BOOL GetChain(const CERT_CHAIN_PARA& parameters, DWORD flags, PCCERT_CHAIN_CONTEXT* out) override;
  void FreeChain() override { --chains; }
  BOOL Send(fake::Handle&, DWORD total_length) override;
  BOOL Write(fake::Handle&, const std::string& piece) override;
  BOOL Receive(fake::Handle&) override { return Call("receive", on_receive); }
  BOOL Query(fake::Handle&) override { return Call("query", on_query); }
  BOOL Read(fake::Handle&, BYTE* out, DWORD size) override;
  void Close(fake::Handle& handle) override;
  DWORD status_code() const override { return answered_status; }
  std::wstring raw_headers() const override { return answered_headers; }
  DWORD last_error() const override { return error; }
  bool Submit(void (*work)(void*) noexcept, void* context) override;

 private:
  BOOL Call(const char* name, const std::function<BOOL()>& answer);

  fake::Handle request_;
  fake::Handle other_;
  CERT_CONTEXT context_{};
  CERT_CHAIN_CONTEXT chain_{};
  std::mutex workers_mutex_;
  std::vector<std::thread> workers_;
};
