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

using base::Json;

Json values_json(const Values& values) {
    auto json = Json::object();
    for (const auto& [key, value] : values) {
        json.set(key, value);
    }
    return json;
}

Values read_values(const Json& json) {
    Values values;
    for (const auto& key : json.names()) {
        values.emplace(key, json.get(key).text());
    }
    return values;
}

Json layers_json(const Layers& layers) {
    auto json = Json::object();
    for (const auto& [name, layer] : by_name(layers)) {
        json.set(name, Json::object({{"values", values_json(layer->values)},
                                     {"bytes", std::uint64_t{layer->bytes}},
                                     {"url", layer->url},
                                     {"etag", layer->etag},
                                     {"last_modified", layer->last_modified}}));
    }
    return json;
}

Layers read_layers(const Json& json) {
    Layers layers;
    for (const auto& [name, layer] : by_name(layers)) {
        const auto one = json.get(name);
        *layer = {read_values(one.get("values")),
                  static_cast<std::size_t>(one.get("bytes").number()), one.get("url").text(),
                  one.get("etag").text(), one.get("last_modified").text()};
    }
    return layers;
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
    flash.values = read_values(json->get("values"));
    flash.layers = read_layers(json->get("layers"));
    flash.firmware = json->get("firmware").text();
    return flash;
}

base::Status save_flash(const std::string& dir, base::Mac mac, const Flash& flash) {
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    const auto name = file_name(dir, mac);
    const auto fresh = name + ".new";
    auto json = Json::object({{"url", flash.url}, {"values", values_json(flash.values)}});
    if (!flash.layers.is_fresh() || !flash.firmware.empty()) {
        json.set("layers", layers_json(flash.layers)).set("firmware", flash.firmware);
    }
    const auto text = json.dump();
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
