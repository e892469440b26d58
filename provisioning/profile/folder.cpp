// SPDX-License-Identifier: MIT
// Gathers profile.conf and *.mustache per vendor.
#include "provisioning/profile/folder.hpp"

#include "provisioning/base/text.hpp"
#include "vendor_files.hpp"

#include <algorithm>
#include <filesystem>

namespace profile {
namespace {

namespace fs = std::filesystem;
using base::Errc;
using base::fail;
using base::Status;

constexpr std::string_view template_ending = ".mustache";
constexpr std::size_t most_files = 1000; // a folder with more is not the one that was meant

bool is_template(std::string_view name) {
    return name.size() > template_ending.size() &&
           name.substr(name.size() - template_ending.size()) == template_ending;
}

std::string template_name(std::string_view file) {
    return std::string(file.substr(0, file.size() - template_ending.size()));
}

void read_shipped(std::map<std::string, Folder>& folders) {
    for (const auto& file : embedded::vendor_files()) {
        const auto slash = file.path.find('/');
        if (slash == std::string_view::npos) {
            continue; // such as a README beside the vendors
        }
        Folder& folder = folders[std::string(file.path.substr(0, slash))];
        const std::string_view name = file.path.substr(slash + 1);
        Source source{"conf/vendors/" + std::string(file.path), std::string(file.content)};
        if (name == "profile.conf") {
            folder.conf.push_back(std::move(source));
        } else if (is_template(name)) {
            folder.shipped.emplace(template_name(name), std::move(source));
        }
    }
}

/// Names in a folder, sorted, without hidden ones.
base::Result<std::vector<std::string>> names_in(const std::string& path) {
    std::vector<std::string> names;
    std::error_code failed;
    fs::directory_iterator at(path, failed);
    for (; !failed && at != fs::directory_iterator(); at.increment(failed)) {
        if (std::string name = at->path().filename().string(); name[0] != '.') {
            names.push_back(std::move(name));
        }
        if (names.size() > most_files) {
            return fail(Errc::refused, "{}: more than {} files; is this the folder of vendors?",
                        path, most_files);
        }
    }
    if (failed) {
        return fail(Errc::io, "{}: {}", path, failed.message());
    }
    std::sort(names.begin(), names.end());
    return names;
}

Status read_vendor_folder(Folder& folder, const std::string& path) {
    const auto names = names_in(path);
    if (!names) {
        return tl::unexpected(names.error());
    }
    for (const std::string& name : *names) {
        const bool is_conf = name == "profile.conf";
        if (!is_conf && !is_template(name)) {
            continue; // an editor's copy, a note
        }
        const std::string file = fmt::format("{}/{}", path, name);
        auto text = base::read_file(file, largest_template);
        if (!text) {
            return tl::unexpected(text.error());
        }
        Source source{file, std::move(*text)};
        if (is_conf) {
            folder.conf.push_back(std::move(source));
        } else {
            folder.own.emplace(template_name(name), std::move(source));
        }
    }
    return {};
}

} // namespace

base::Result<std::map<std::string, Folder>> read_folders(const std::string& site_folder) {
    std::map<std::string, Folder> folders;
    read_shipped(folders);
    std::error_code failed;
    if (site_folder.empty() || fs::status(site_folder, failed).type() == fs::file_type::not_found) {
        return folders;
    }
    const auto names = names_in(site_folder);
    if (!names) {
        return tl::unexpected(names.error());
    }
    for (const std::string& name : *names) {
        const std::string path = fmt::format("{}/{}", site_folder, name);
        if (!fs::is_directory(path, failed)) {
            continue;
        }
        if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos) {
            return fail(Errc::malformed,
                        "{}: the folder of a vendor is named in small letters, digits, - and _",
                        path);
        }
        Folder& folder = folders[name];
        if (auto done = read_vendor_folder(folder, path); !done) {
            return tl::unexpected(done.error());
        }
        if (folder.conf.empty() && folder.own.empty() && folder.shipped.empty()) {
            folders.erase(name); // an empty folder is no vendor yet
        }
    }
    return folders;
}

} // namespace profile
