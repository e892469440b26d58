// SPDX-License-Identifier: MIT
// What pnpctl reads and writes here, as its own user, for a command that runs over there.
#pragma once

#include "provisioning/base/new_files.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <string>
#include <vector>

namespace ctl {

/// The input that the command wants: the file of `import FILE` (`-` is standard input), the line
/// behind --password-stdin (without echo from a terminal), else nothing.
base::Result<base::Secret> read_input(const std::vector<std::string>& words, int standard_input);

/// All that `fd` gives, up to max_input bytes.
base::Result<base::Secret> read_all_input(int fd);

/// Writes what a command of ours brought for a folder that it names: the DIR of `export tftp` and
/// `export sdcard`.
/// Whoever has the socket says what is in a file, and never where it lies. Returns the sentence
/// that says what was done; none where the command brings no files.
base::Result<std::string> write_output(const std::vector<std::string>& words,
                                       const std::vector<base::NewFile>& files);

} // namespace ctl
