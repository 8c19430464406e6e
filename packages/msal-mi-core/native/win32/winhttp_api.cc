#include "winhttp_api.h"

#include <memory>
#include <utility>

namespace msal_mi {
namespace {

struct PoolWork {
  void (*run)(void*);
  void* context;
};

void CALLBACK RunPoolWork(PTP_CALLBACK_INSTANCE instance, void* context) {
  const std::unique_ptr<PoolWork> work(static_cast<PoolWork*>(context));
  ::CallbackMayRunLong(instance);
  work->run(work->context);
}

bool SubmitToPool(void (*run)(void*), void* context) {
  auto work = std::make_unique<PoolWork>(PoolWork{run, context});
  if (!::TrySubmitThreadpoolCallback(RunPoolWork, work.get(), nullptr)) return false;
  (void)work.release();  // owned by RunPoolWork from here
  return true;
}

}  // namespace

const WinHttpApi& SystemWinHttp() {
  static const WinHttpApi api{
      ::WinHttpOpen,
      ::WinHttpConnect,
      ::WinHttpOpenRequest,
      ::WinHttpSetOption,
      ::WinHttpSetTimeouts,
      ::WinHttpSetStatusCallback,
      ::WinHttpSendRequest,
      ::WinHttpWriteData,
      ::WinHttpReceiveResponse,
      ::WinHttpQueryHeaders,
      ::WinHttpQueryDataAvailable,
      ::WinHttpReadData,
      ::WinHttpCloseHandle,
      ::GetLastError,
      SubmitToPool,
  };
  return api;
}

}  // namespace msal_mi
