// SPDX-License-Identifier: MIT
// The control socket: pnpctl's words in, the command's reply out, with the caller's uid for the
// audit.
#pragma once

#include "provisioning/admin/commands.hpp"
#include "provisioning/admin/request.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/base/result.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace admin {

struct ControlLimits {
    std::size_t connections = 32;
    std::chrono::milliseconds request_deadline = std::chrono::seconds(10); ///< to its last byte
    std::chrono::milliseconds reply_deadline = std::chrono::seconds(60);
    std::size_t input_bytes = max_request_input; ///< behind the words
    std::string_view only = {}; ///< the one command that is taken; empty: every one
};

/// In: one line {"words": ["assign", "001fc1000001", "201"], "input_bytes": 5} and that many bytes
/// of input, raw, so that a password is not copied about and a file arrives as it is. Out: one line
/// {"status": 0, "text_bytes": 12} and that many bytes to print; then the server closes. Where the
/// caller is to write files, the line has "files": [{"name": "a.cfg", "bytes": 34}] as well, and
/// their contents follow in that order. At most 64 KiB of words and 4 MiB of input. Commands run on
/// a worker; SO_PEERCRED names the caller.
class Control {
  public:
    Control(base::Loop& loop, std::shared_ptr<Commands> commands, ControlLimits limits = {});
    ~Control(); ///< loop thread, or after the loop stopped
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    /// Binds `path` with mode 0660; a stale socket file is replaced, one that answers is refused
    /// ("another pnpd is running"). Again with another path: moves there. Loop thread.
    base::Status listen(const std::string& path);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace admin
