// SPDX-License-Identifier: MIT
// `pnpctl lint FILE...`: checks the files of a Panasonic phone, without a daemon.
#pragma once

#include "module/ctl/call.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ctl {

/// Status of a file that cannot be read, beside those of kx/print.hpp.
constexpr int not_read = 3;

/// The reply when `words` are such a command; nothing when they are not, or name a phone (then the
/// daemon has its files). One file is judged alone; several are those of one phone, from weak to
/// strong: master, product, standard. "-" is standard input. An error tells of a wrong option or
/// a file that cannot be read.
std::optional<base::Result<Answer>>
lint(const std::vector<std::string>& words, bool json, int standard_input);

} // namespace ctl
