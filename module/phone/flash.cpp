// SPDX-License-Identifier: MIT
#include "module/phone/flash.hpp"

#include "provisioning/base/json.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/text.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace phone {

namespace {

using base::Errc;

std::string file_name(const std::string& dir, base::Mac mac) {
    return fmt::format("{}/{}.json", dir, mac.str());
}

base::Status write_whole(const std::string& name, std::string_view text) {
    const base::Fd fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    while (fd && !text.empty()) {
        const auto written = ::write(fd.get(), text.data(), text.size());
        if (written <= 0) {
            break;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (!fd || !text.empty()) {
        return base::fail(Errc::io, "{} cannot be written: {}", name,
                          std::generic_category().message(errno));
    }
    return {};
}

} // namespace

base::Result<Flash> load_flash(const std::string& dir, base::Mac mac) {
    const auto name = file_name(dir, mac);
    std::error_code error;
    if (!std::filesystem::exists(name, error)) {
        return Flash{};
    }
    const auto content = base::read_file(name);
    if (!content) {
        return tl::unexpected(content.error());
    }
    const auto json = base::Json::parse(*content);
    if (!json) {
        return base::fail(Errc::malformed, "{} is not what a phone wrote; remove it to start fresh",
                          name);
    }
    Flash flash;
    flash.url = json->get("url").text();
    const auto values = json->get("values");
    for (const auto& key : values.names()) {
        flash.values.emplace(key, values.get(key).text());
    }
    return flash;
}

base::Status save_flash(const std::string& dir, base::Mac mac, const Flash& flash) {
    auto values = base::Json::object();
    for (const auto& [key, value] : flash.values) {
        values.set(key, value);
    }
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    const auto name = file_name(dir, mac);
    const auto fresh = name + ".new";
    const auto text = base::Json::object({{"url", flash.url}, {"values", values}}).dump();
    if (auto written = write_whole(fresh, text); !written) {
        return written;
    }
    std::filesystem::rename(fresh, name, error);
    if (error) {
        return base::fail(Errc::io, "{} cannot be replaced: {}", name, error.message());
    }
    return {};
}

} // namespace phone
