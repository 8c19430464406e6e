// Wine's Schannel reports SEC_I_RENEGOTIATE and its winhttp turns that into error 12044. Here the handshake is done
// again inside of DecryptMessage, on the socket winhttp has just read from, and the next record is handed back. Three
// hooks: recv in winhttp's imports tells the socket; DecryptMessage in secur32's exports; and secur32's pointer to the
// Unix side, because Schannel refuses to start a handshake on an existing context without input: it gets a dummy
// record, and the Unix side is told that there is none. The latter uses two internals of Wine 10.0 (see
// kUnixHandshake).
#define SECURITY_WIN32
#include "renegotiation.h"

#include "schannel_hook.h"  // <windows.h> first

#include <schannel.h>
#include <security.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace keyguard_sim {
namespace {

using Bytes = std::vector<BYTE>;
using Decrypt = decltype(&::DecryptMessage);
using InitializeContext = decltype(&::InitializeSecurityContextW);

constexpr BYTE kHandshakeRecord = 22;
constexpr std::size_t kRecordHeader = 5;
constexpr int kMostRounds = 64;
constexpr unsigned kUnixHandshake = 15;  // of Wine 10.0
struct HandshakeArguments {              // the head of Wine 10.0's structure
  ULONG64 session;
  void* input;
  ULONG input_size;
};

SchannelHook hook;
InitializeContext initialize_context = nullptr;
thread_local bool hide_input = false;

LONG WINAPI UnixCallHidingInput(ULONG64 handle, unsigned code, void* arguments) {
  if (hide_input && code == kUnixHandshake) {
    hide_input = false;
    auto* handshake = static_cast<HandshakeArguments*>(arguments);
    handshake->input = nullptr;
    handshake->input_size = 0;
  }
  return hook.unix_call(handle, code, arguments);
}

std::size_t RecordSize(const BYTE* record) {
  return kRecordHeader + static_cast<std::size_t>(record[3] << 8 | record[4]);
}

bool ReceiveUntil(SOCKET socket, Bytes& bytes, std::size_t wanted) {
  char buffer[16 * 1024];
  while (bytes.size() < wanted) {
    const std::size_t size = std::min(wanted - bytes.size(), sizeof(buffer));
    const int received = hook.receive(socket, buffer, static_cast<int>(size), 0);
    if (received < 1) return false;
    bytes.insert(bytes.end(), buffer, buffer + received);
  }
  return true;
}

bool ReceiveRecord(SOCKET socket, Bytes& record) {
  return ReceiveUntil(socket, record, kRecordHeader) && ReceiveUntil(socket, record, RecordSize(record.data()));
}

bool Handshake(PCtxtHandle context, SOCKET socket) {
  constexpr ULONG kFlags = ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_USE_SESSION_KEY | ISC_REQ_CONFIDENTIALITY |
                           ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_MANUAL_CRED_VALIDATION;
  Bytes record = {kHandshakeRecord, 3, 3, 0, 0};
  hide_input = true;
  for (int round = 0; round < kMostRounds; ++round) {
    SecBuffer input[2] = {{static_cast<ULONG>(record.size()), SECBUFFER_TOKEN, record.data()},
                          {0, SECBUFFER_EMPTY, nullptr}};
    SecBuffer output = {0, SECBUFFER_TOKEN, nullptr};
    SecBufferDesc input_list = {SECBUFFER_VERSION, 2, input};
    SecBufferDesc output_list = {SECBUFFER_VERSION, 1, &output};
    ULONG attributes = 0;
    const SECURITY_STATUS status = initialize_context(nullptr, context, nullptr, kFlags, 0, 0, &input_list, 0, nullptr,
                                                      &output_list, &attributes, nullptr);
    hide_input = false;
    if (output.cbBuffer > 0 && output.pvBuffer != nullptr) {
      const int sent = hook.send(socket, static_cast<char*>(output.pvBuffer), static_cast<int>(output.cbBuffer), 0);
      ::FreeContextBuffer(output.pvBuffer);
      if (sent != static_cast<int>(output.cbBuffer)) return false;
    }
    if (status == SEC_E_OK) return true;
    if (status != SEC_I_CONTINUE_NEEDED) return false;
    record.clear();
    if (!ReceiveRecord(socket, record)) return false;
  }
  return false;
}

SECURITY_STATUS SEC_ENTRY DecryptAnsweringHello(PCtxtHandle context, PSecBufferDesc message, ULONG sequence,
                                                PULONG quality) {
  auto* bytes = static_cast<BYTE*>(message->pBuffers[0].pvBuffer);
  const ULONG size = message->pBuffers[0].cbBuffer;
  const bool is_whole_handshake_record = size >= kRecordHeader && bytes[0] == kHandshakeRecord &&
                                         LastSocket() != INVALID_SOCKET && size == RecordSize(bytes);
  const SECURITY_STATUS status = reinterpret_cast<Decrypt>(hook.replaced)(context, message, sequence, quality);
  if (!is_whole_handshake_record || status != SEC_I_RENEGOTIATE) return status;
  if (!Handshake(context, LastSocket())) return status;  // as without the hook: winhttp says 12044
  Bytes record;
  if (!ReceiveRecord(LastSocket(), record)) return SEC_E_INTERNAL_ERROR;
  std::memcpy(bytes, record.data(), record.size());  // winhttp's buffer holds a whole TLS record
  for (ULONG i = 0; i < message->cBuffers; ++i) message->pBuffers[i] = {0, SECBUFFER_EMPTY, nullptr};
  message->pBuffers[0] = {static_cast<ULONG>(record.size()), SECBUFFER_DATA, bytes};
  return DecryptAnsweringHello(context, message, sequence, quality);
}

}  // namespace

bool InstallRenegotiation() {
  initialize_context = reinterpret_cast<InitializeContext>(SchannelFunction("InitializeSecurityContextW"));
  return initialize_context != nullptr &&
         InstallSchannelHook("DecryptMessage", reinterpret_cast<void*>(&DecryptAnsweringHello), UnixCallHidingInput,
                             hook);
}

}  // namespace keyguard_sim
