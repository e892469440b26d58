// SPDX-License-Identifier: MIT
// Firmware at the file door: who is told of it, who gets the file, and what the timeline says.
#include "door.hpp"

#include "provisioning/serve/file_body.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace {

using namespace serve_test; // NOLINT(google-build-using-namespace): the fixture's words
using serve::Turn;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string image = "UT670_01.100.bin";
const std::string product = "KX-UT670.cfg";

Mac kx(unsigned number) {
    return Mac::from_number(0x0080F0000000U + number);
}

base::Ipv4 address_of(unsigned number) {
    return base::Ipv4{0x0A000080U + number};
}

class UpgradesTest : public Door {
  protected:
    UpgradesTest() {
        with.firmware_folder = folder + "/firmware";
        std::filesystem::create_directory(with.firmware_folder);
        put(image, "the image");
        profile::Firmware firmware;
        firmware.name = "ut670";
        firmware.vendor = "panasonic";
        firmware.model = "KX-UT670";
        firmware.version = "01.100";
        firmware.file = image;
        firmware.at_a_time = 1;
        with.firmware = {firmware};
        files->settings(with);
        for (unsigned i = 1; i <= 3; ++i) {
            apply({inventory::AddExtension{{"30" + std::to_string(i), "", base::Secret("Xy1")}},
                   inventory::Assign{kx(i), {"30" + std::to_string(i)}}});
            neighbours[address_of(i)] = kx(i);
        }
    }

    void put(const std::string& name, const std::string& bytes) const {
        std::ofstream(with.firmware_folder + "/" + name) << bytes;
    }

    Request asked(unsigned number, const std::string& name, const std::string& version) const {
        auto made = request(steady_token(kx(number)), name);
        made.user_agent = "Panasonic_KX-UT670/" + version + " (" + kx(number).str() + ")";
        made.peer.address = address_of(number);
        return made;
    }

    Response
    ask(unsigned number, const std::string& name = product, const std::string& version = "01.070") {
        return files->answer(asked(number, name, version));
    }

    /// A phone that has its configuration: it got its own file by its own URL.
    void configured(unsigned number, const std::string& version = "01.070") {
        ASSERT_EQ(ask(number, "Config" + kx(number).str() + ".cfg", version).status, 200);
    }

    std::string product_of(unsigned number, const std::string& version = "01.070") {
        const auto response = ask(number, product, version);
        EXPECT_EQ(response.status, 200);
        return response.body ? *response.body : "";
    }

    const std::vector<Mac>& those(Turn turn) {
        rows = files->firmware();
        return rows.at(0).who[turn];
    }

    std::vector<serve::Upgrades::Row> rows;
};

TEST_F(UpgradesTest, TellsAPhoneThatRunsAnOlderVersion) {
    configured(1);
    const auto text = product_of(1);
    EXPECT_THAT(text, HasSubstr("FIRM_UPGRADE_ENABLE=\"Y\"\r\n"));
    EXPECT_THAT(text, HasSubstr("FIRM_VERSION=\"01.100\"\r\n"));
    EXPECT_THAT(text, HasSubstr("FIRM_FILE_PATH=\"http://10.0.0.1:5480/p/" + steady_token(kx(1)) +
                                "/" + image + "\"\r\n"));
    EXPECT_EQ(product_of(1), text);
    EXPECT_THAT(steps(kx(1)), Contains("firmware_offered: 01.100"));
    EXPECT_THAT(those(Turn::on_way), ElementsAre(kx(1)));
}

TEST_F(UpgradesTest, SwitchesItOffForWhoMustWait) {
    for (unsigned i = 1; i <= 2; ++i) {
        configured(i);
        product_of(i);
    }
    const auto text = product_of(2);
    EXPECT_THAT(text, HasSubstr("FIRM_UPGRADE_ENABLE=\"N\"\r\n"));
    EXPECT_THAT(text, Not(HasSubstr("FIRM_VERSION")));
    EXPECT_THAT(text, Not(HasSubstr("FIRM_FILE_PATH")));
    EXPECT_THAT(those(Turn::waits), ElementsAre(kx(2)));
    EXPECT_THAT(product_of(1, "01.100"), HasSubstr("FIRM_UPGRADE_ENABLE=\"Y\""))
        << "its file stays as it is: a change could restart it";
    EXPECT_THAT(product_of(2), HasSubstr("FIRM_UPGRADE_ENABLE=\"Y\"")) << "there is a place";
    EXPECT_THAT(steps(kx(1)), Contains("firmware_runs: 01.100"));
    EXPECT_THAT(those(Turn::has), ElementsAre(kx(1)));
}

TEST_F(UpgradesTest, TellsNobodyElse) {
    const auto is_told = [&](const std::string& version) {
        return product_of(1, version).find("FIRM_VERSION") != std::string::npos;
    };
    EXPECT_FALSE(is_told("01.070")) << "it did not have its configuration yet";
    EXPECT_FALSE(is_told("01.200")) << "newer";
    configured(1);
    EXPECT_TRUE(is_told("01.070"));
    with.firmware[0].network = base::Network{base::Ipv4{0x0A000100}, 24};
    files->settings(with);
    EXPECT_FALSE(is_told("01.070")) << "another network";
    with.firmware[0].network.reset();
    with.firmware[0].model = "KX-UT1*";
    files->settings(with);
    EXPECT_FALSE(is_told("01.070")) << "another model";
    with.firmware.clear();
    files->settings(with);
    EXPECT_FALSE(is_told("01.070"));
}

TEST_F(UpgradesTest, APhoneThatFetchesItsFilesForTheFirstTimeIsToldOfNoFirmware) {
    ASSERT_EQ(ask(1, "ConfigCommon.cfg").status, 200);
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"N\""));
    EXPECT_THAT(files->look_after_firmware(), IsEmpty()) << "nor is it called";
    configured(1);
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"Y\""));
    store->reached(kx(1), Stage::offered);
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"Y\"")) << "it is on its way";
}

TEST_F(UpgradesTest, TellsNobodyWhoseVersionIsUnknown) {
    for (int i = 0; i < 2; ++i) {
        auto nameless = asked(1, product, "");
        nameless.user_agent = "";
        const auto response = files->answer(nameless);
        ASSERT_EQ(response.status, 200);
        EXPECT_THAT(*response.body, HasSubstr("FIRM_UPGRADE_ENABLE=\"N\""));
    }
    EXPECT_THAT(those(Turn::unknown), ElementsAre(kx(1)));
}

TEST_F(UpgradesTest, TellsNobodyOfAFileThatIsNotThere) {
    configured(1);
    std::filesystem::remove(with.firmware_folder + "/" + image);
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"N\""));
    EXPECT_THAT(files->firmware().at(0).problem, HasSubstr(image + ": No such file; put it there"));
    EXPECT_THAT(files->look_after_firmware(), IsEmpty());
    put(image, "the image");
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"Y\""));
    EXPECT_EQ(files->firmware().at(0).size, 9U);
}

// The maker's guide knows no firmware by HTTPS, and an http URL would tell the token.
TEST_F(UpgradesTest, TellsNobodyWhoseFilesGoByHttps) {
    configured(1);
    with.ports.https = 5481;
    profile::Rule rule;
    rule.scheme = "https";
    with.rules = {rule};
    files->settings(with);
    const auto text = product_of(1);
    EXPECT_THAT(text, HasSubstr("\"https://10.0.0.1:5481/p/"));
    EXPECT_THAT(files->look_after_firmware(), IsEmpty()) << "it would restart for nothing";
    EXPECT_THAT(those(Turn::by_https), ElementsAre(kx(1)));
    EXPECT_THAT(text, HasSubstr("FIRM_UPGRADE_ENABLE=\"N\""));
}

TEST_F(UpgradesTest, TakesNoPlaceForWhoOnlyLooks) {
    configured(1); // looks for its first file, and has no configuration yet
    auto head = asked(1, product, "01.070");
    head.method = "HEAD";
    const auto seen = files->answer(head);
    ASSERT_TRUE(seen.body);
    const auto rendered = files->render(kx(1), product, our_address, true);
    ASSERT_TRUE(rendered) << rendered.error().what;
    EXPECT_THAT(those(Turn::waits), ElementsAre(kx(1)));
    EXPECT_EQ(*seen.body, *rendered);
    EXPECT_EQ(product_of(1), *rendered) << "it is what a GET would get";
    const auto hidden = files->render(kx(1), product, our_address, false);
    ASSERT_TRUE(hidden);
    EXPECT_THAT(*hidden, HasSubstr("FIRM_FILE_PATH=\"http://10.0.0.1:5480/p/********/" + image));
}

TEST_F(UpgradesTest, LeavesAPhoneAloneThatDidNotComeBack) {
    configured(1);
    configured(2);
    product_of(1);
    clock.advance(std::chrono::minutes(30));
    files->look_after_firmware();
    EXPECT_THAT(steps(kx(1)), Contains("firmware_failed: 01.100"));
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"N\"")) << "no loop of restarts";
    EXPECT_THAT(those(Turn::failed), ElementsAre(kx(1)));
    EXPECT_THAT(product_of(2), HasSubstr("FIRM_UPGRADE_ENABLE=\"Y\"")) << "the place is free";
    files->try_firmware_again(kx(1));
    clock.advance(std::chrono::minutes(30));
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"Y\""));
}

TEST_F(UpgradesTest, CallsTheNextWhenAPlaceIsFree) {
    for (unsigned i = 1; i <= 3; ++i) {
        configured(i);
    }
    EXPECT_THAT(files->look_after_firmware(), IsEmpty()) << "none is registered, or they are gone";
    registered = address_of(1);
    EXPECT_THAT(files->look_after_firmware(), ElementsAre(kx(1)));
    EXPECT_THAT(files->look_after_firmware(), IsEmpty());
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"Y\""));
    product_of(1, "01.100");
    EXPECT_THAT(files->look_after_firmware(), ElementsAre(kx(2)));
}

TEST_F(UpgradesTest, GivesTheFileToItsPhonesOnly) {
    configured(1);
    const auto response = ask(1, image);
    ASSERT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "application/octet-stream");
    ASSERT_TRUE(response.file);
    EXPECT_EQ(*response.file->read(0, 9), "the image");
    EXPECT_EQ(response.last_modified, response.file->modified());
    EXPECT_THAT(steps(kx(1)), Contains("firmware_fetched: " + image));
    EXPECT_EQ(files->counters().firmware, 1U);

    put("other.bin", "x");
    expect_the_404(ask(1, "other.bin"));
    expect_the_404(ask(1, "firmware"));
    auto stranger = asked(1, image, "01.070");
    stranger.path = "/p/" + std::string(22, 'A') + "/" + image;
    expect_the_404(files->answer(stranger));
    stranger.path = "/" + image;
    expect_the_404(files->answer(stranger));
    auto elsewhere = asked(1, image, "01.070");
    elsewhere.peer.address = address_of(2);
    expect_the_404(files->answer(elsewhere));
    ASSERT_EQ(get(steady_token(phone)).status, 200);
    expect_the_404(get(steady_token(phone), image)); // a phone of another vendor
    apply({inventory::Block{kx(1)}});
    expect_the_404(ask(1, image));
    EXPECT_EQ(files->counters().firmware, 1U);
}

TEST_F(UpgradesTest, OneUrlHasNotThePlacesOfAll) {
    for (unsigned i = 1; i <= 2; ++i) {
        configured(i);
    }
    auto first = ask(1, image);
    const auto second = ask(1, image);
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(ask(1, image).status, 503);
    EXPECT_EQ(ask(2, image).status, 200) << "another phone";
    first = {};
    EXPECT_EQ(ask(1, image).status, 200) << "one is over";
}

TEST_F(UpgradesTest, AWrongImageFailsAtOnce) {
    configured(1);
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"Y\""));
    ask(1, image).all_sent();
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"N\"")) << "no loop of restarts";
    EXPECT_THAT(steps(kx(1)), Contains("firmware_failed: 01.100"));
    EXPECT_THAT(those(Turn::failed), ElementsAre(kx(1)));
}

TEST_F(UpgradesTest, FollowsNoLinkOutOfTheFolder) {
    configured(1);
    std::filesystem::remove(with.firmware_folder + "/" + image);
    ASSERT_EQ(::symlink("/etc/passwd", (with.firmware_folder + "/" + image).c_str()), 0);
    expect_the_404(ask(1, image));
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"N\""));
    EXPECT_THAT(steps(kx(1)), Contains(HasSubstr("a symbolic link is not followed")));
}

TEST_F(UpgradesTest, GoesOnWithADownloadWhoseverTurnItIs) {
    configured(1);
    with.firmware[0].at_a_time = 0;
    files->settings(with);
    EXPECT_THAT(product_of(1), HasSubstr("FIRM_UPGRADE_ENABLE=\"N\"")) << "held";
    EXPECT_EQ(ask(1, image).status, 200) << "it was told before we were started anew";
}

} // namespace
