// SPDX-License-Identifier: MIT
#include "provisioning/base/new_files.hpp"

#include "provisioning/base/net.hpp"
#include "provisioning/base/text.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/ranges.h>

namespace base {
namespace {

constexpr mode_t readable_by_all = 0644;

bool is_plain(std::string_view name) {
    return !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos &&
           printable(name, name.size()) == name;
}

enum class Found : std::uint8_t { nothing, same, other };

Result<Found> look(const std::string& path, const NewFile& file) {
    struct stat there {};

    if (::lstat(path.c_str(), &there) != 0) {
        if (errno == ENOENT) {
            return Found::nothing;
        }
        return fail(Errc::io, "{} cannot be looked at: {}", path, why(errno));
    }
    if (!S_ISREG(there.st_mode)) {
        return fail(Errc::conflict, "{} is there and is no file; name another folder", path);
    }
    const auto text = read_file(path, file.text.size() + 1);
    return text && *text == file.text ? Found::same : Found::other;
}

Status write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return fail(Errc::io, "{}", why(errno));
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

/// What somebody put there meanwhile stays. Memory cards know no hard links, and some network file
/// systems no rename that looks.
bool move_where_nothing_is(const std::string& from, const std::string& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
        return true;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return false;
    }
    if (::link(from.c_str(), to.c_str()) != 0) {
        return false;
    }
    ::unlink(from.c_str());
    return true;
}

/// Under a name of its own first; it takes the other one complete.
Status put(const std::string& folder, const NewFile& file, Readers readers, bool replace) {
    const auto path = folder + "/" + file.name;
    auto fresh = folder + "/." + file.name + ".XXXXXX";
    const Fd fd(::mkostemp(fresh.data(), O_CLOEXEC));
    if (!fd) {
        return fail(Errc::io,
                    "{} cannot be written into: {}; check that it is there, and its owner", folder,
                    why(errno));
    }
    auto done = write_all(fd.get(), file.text);
    const bool for_all = readers == Readers::all; // else it is as mkostemp made it
    if (done && ((for_all && ::fchmod(fd.get(), readable_by_all) != 0) || ::fsync(fd.get()) != 0)) {
        done = fail(Errc::io, "{}", why(errno));
    }
    if (done && !(replace ? ::rename(fresh.c_str(), path.c_str()) == 0
                          : move_where_nothing_is(fresh, path))) {
        done = fail(Errc::io, "{}", why(errno));
    }
    if (!done) {
        ::unlink(fresh.c_str());
    }
    return done ? Status() : fail(Errc::io, "{} cannot be written: {}", path, done.error().what);
}

} // namespace

Result<std::string> write_new_files(const std::string& folder,
                                    const std::vector<NewFile>& files,
                                    Readers readers,
                                    bool replace) {
    std::vector<std::string> fresh;
    std::vector<std::string> replaced;
    std::vector<std::string> same;
    std::vector<const NewFile*> to_write;
    for (const auto& file : files) {
        if (!is_plain(file.name)) {
            return fail(Errc::malformed, "\"{}\" is no plain name of a file", printable(file.name));
        }
        const auto path = folder + "/" + file.name;
        const auto found = look(path, file);
        if (!found) {
            return tl::unexpected(found.error());
        }
        if (*found == Found::other && !replace) {
            return fail(Errc::conflict,
                        "{} is there with another content, and nothing was written; look whether "
                        "it may go, then say the same with --replace",
                        path);
        }
        auto& list = *found == Found::nothing ? fresh : *found == Found::same ? same : replaced;
        list.push_back(path);
        if (*found != Found::same) {
            to_write.push_back(&file);
        }
    }
    for (const auto* file : to_write) {
        if (auto done = put(folder, *file, readers, replace); !done) {
            return tl::unexpected(done.error());
        }
    }
    std::string said;
    for (const auto& [list, word] : {std::pair(&fresh, "Written"), std::pair(&replaced, "Replaced"),
                                     std::pair(&same, "There already")}) {
        if (!list->empty()) {
            said += fmt::format("{}: {}.\n", word, fmt::join(*list, ", "));
        }
    }
    return said.empty() ? "There is nothing to write.\n" : said;
}

} // namespace base
