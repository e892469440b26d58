// SPDX-License-Identifier: MIT
// The control socket: pnpctl's words in, the command's reply out, with the caller's uid for the
// audit.
#pragma once

#include "provisioning/admin/commands.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/base/result.hpp"

#include <memory>
#include <string>

namespace admin {

/// One JSON object a line: {"words": ["assign", "001fc1000001", "201"], "input": "…"} in,
/// {"status": 0, "text": "…", "json": …} out, then the server closes. At most 4 MiB in, 32
/// connections, 10 s to send the request. Commands run on a worker; SO_PEERCRED names the caller.
class Control {
  public:
    Control(base::Loop& loop, std::shared_ptr<Commands> commands);
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    /// Binds `path` with mode 0660; a stale socket file is replaced, one that answers is refused
    /// ("another pnpd is running"). Loop thread.
    base::Status listen(const std::string& path);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace admin
