// SPDX-License-Identifier: MIT
// Reads the files as pnpctl's own user and prints what the checker finds.
#include "module/ctl/lint.hpp"

#include "module/ctl/input.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/lint.hpp"
#include "provisioning/profile/kx/print.hpp"

#include <algorithm>
#include <filesystem>

namespace ctl {
namespace {

namespace kx = profile::kx;

/// A phone, unless a file has that name.
bool is_phone(const std::string& word) {
    std::error_code failed;
    return base::Mac::parse(word) && !std::filesystem::exists(word, failed);
}

base::Result<kx::NamedFile> read(const std::string& path, int standard_input) {
    if (path == "-") {
        const auto rest = read_all_input(standard_input);
        if (!rest) {
            return tl::unexpected(rest.error());
        }
        const base::Revealed text = rest->reveal();
        return kx::NamedFile{path, std::string(std::string_view(text))};
    }
    auto text = base::read_file(path, max_input);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return kx::NamedFile{path, std::move(*text)};
}

} // namespace

std::optional<base::Result<Answer>>
lint(const std::vector<std::string>& words, bool json, int standard_input) {
    const std::size_t first = !words.empty() && words.front() == "pnp" ? 1 : 0;
    if (words.size() <= first || words[first] != "lint") {
        return std::nullopt;
    }
    std::vector<std::string> paths;
    for (std::size_t i = first + 1; i < words.size(); ++i) {
        if (words[i] == "--json") {
            json = true;
        } else if (words[i].starts_with("--")) {
            return base::Result<Answer>(base::fail(
                base::Errc::malformed, "lint has no option {}; see man pnpctl", words[i]));
        } else {
            paths.push_back(words[i]);
        }
    }
    if (paths.empty()) {
        return base::Result<Answer>(base::fail(
            base::Errc::malformed, "lint what? A file, several of one phone, or a phone's MAC"));
    }
    if (paths.size() == 1 && is_phone(paths[0])) {
        return std::nullopt;
    }
    std::vector<kx::NamedFile> files;
    for (const std::string& path : paths) {
        auto file = read(path, standard_input);
        if (!file) {
            return base::Result<Answer>(tl::unexpected(file.error()));
        }
        files.push_back(std::move(*file));
    }
    const auto findings = files.size() == 1 ? kx::lint_any(files[0].text) : kx::lint_phone(files);
    const std::string name = files.size() == 1 ? paths[0] : std::string();
    return Answer{kx::exit_status(findings), json ? kx::findings_json(findings, name).dump() + "\n"
                                                  : kx::findings_text(findings, name)};
}

} // namespace ctl
