// SPDX-License-Identifier: MIT
// What TFTP gives: a fresh phone's first file, and nothing else.
#include "client.hpp"
#include "door.hpp"

#include <gmock/gmock.h>

namespace {

using namespace serve_test; // NOLINT(google-build-using-namespace): the fixture's words
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const Mac kx = *Mac::parse("0080f0123456");

class TftpDoorTest : public Door {
  protected:
    TftpDoorTest() { neighbours = {{phone_address, kx}}; }

    Response fetch(const std::string& name = "KX-UT670.cfg", base::Ipv4 source = phone_address) {
        Request made;
        made.method = "GET";
        made.path = "/" + name;
        made.peer = {source, 2070};
        made.local = {our_address, 69};
        return files->by_tftp(made);
    }

    /// What the public file sends the phone for.
    Response boot(base::Ipv4 source = phone_address) {
        auto made = request("", "");
        made.path = "/boot/panasonic/Config0080f0123456.cfg";
        made.user_agent = "Panasonic_KX-UT670/01.070 (0080f0123456)";
        made.peer.address = source;
        return files->answer(made);
    }

    /// The file that says nothing of anybody.
    static void expect_the_public_file(const Response& response) {
        ASSERT_EQ(response.status, 200);
        EXPECT_THAT(*response.body,
                    AllOf(HasSubstr("CFG_STANDARD_FILE_PATH=\"http://10.0.0.1:5480/boot/panasonic/"
                                    "Config{mac}.cfg\"\r\n"),
                          HasSubstr("CFG_CYCLIC=\"Y\"\r\n"), HasSubstr("CFG_RTRY_INTVL=\"5\"\r\n"),
                          Not(HasSubstr("/p/")), Not(HasSubstr("0080f0"))));
    }
};

TEST_F(TftpDoorTest, SendsAFreshPhoneThatNobodyKnowsToTheOtherDoorAndShowsIt) {
    expect_the_public_file(fetch());
    const auto snapshot = store->now();
    const auto* device = snapshot.device(kx);
    ASSERT_NE(device, nullptr) << "an administrator sees it";
    EXPECT_FALSE(device->is_approved());
    EXPECT_EQ(device->seen.address, phone_address);
}

TEST_F(TftpDoorTest, ForgedRequestsUseUpNoneOfAnApprovedPhonesBoots) {
    apply({inventory::Assign{kx, {"202"}}});
    for (int i = 0; i < 5; ++i) {
        expect_the_public_file(fetch());
    }
    const auto response = boot();
    ASSERT_EQ(response.status, 200);
    EXPECT_THAT(*response.body,
                AllOf(HasSubstr("http://10.0.0.1:5480/p/" + steady_token(kx) + "/Config{mac}.cfg"),
                      HasSubstr("CFG_CYCLIC=\"Y\""), HasSubstr("CFG_CYCLIC_INTVL=\"1\""),
                      Not(HasSubstr("S3cret")), Not(HasSubstr("202"))));
    EXPECT_THAT(steps(kx),
                Contains("boot_served: Config0080f0123456.cfg, 1 of 3 since it was approved"));
}

TEST_F(TftpDoorTest, NoTokenGoesOutInTheClearWhereFilesGoByHttps) {
    with.ports.https = 5481;
    files->settings(with);
    apply({inventory::Assign{kx, {"202"}}});
    const auto response = fetch();
    ASSERT_EQ(response.status, 200);
    EXPECT_THAT(*response.body, Not(HasSubstr(steady_token(kx))));
}

TEST_F(TftpDoorTest, GivesNobodyAPhonesUrl) {
    apply({inventory::Assign{kx, {"202"}}});
    const base::Ipv4 thief{phone_address.value + 1};
    expect_the_public_file(fetch());
    expect_the_public_file(fetch("KX-UT670.cfg", thief));
    neighbours[thief] = other;
    expect_the_public_file(fetch("KX-UT670.cfg", thief));
}

TEST_F(TftpDoorTest, APhoneThatWasResetToTheFactoryGetsItsUrlThoughItIsStillRegistered) {
    apply({inventory::Assign{kx, {"202"}}});
    registered = phone_address;
    expect_the_public_file(fetch());
    EXPECT_EQ(boot().status, 200);
    registered = base::Ipv4{phone_address.value + 1};
    expect_the_404(boot());
}

TEST_F(TftpDoorTest, AComputerThatAsksIsNoPhone) {
    neighbours = {{phone_address, *Mac::parse("020000000007")}};
    expect_the_public_file(fetch());
    EXPECT_EQ(store->now().device(*Mac::parse("020000000007")), nullptr);
}

TEST_F(TftpDoorTest, HasNothingForANetworkThatIsNotServed) {
    expect_the_404(fetch("KX-UT670.cfg", base::Ipv4{0x0B000001}));
}

TEST_F(TftpDoorTest, KnowsNoOtherName) {
    for (const std::string name : {"kx-ut670.cfg", "Config0080f0123456.cfg", "passwd",
                                   "ConfigCommon.cfg", "a/KX-UT670.cfg"}) {
        expect_the_404(fetch(name));
    }
    EXPECT_NE(store->now().device(kx), nullptr) << "the neighbour table shows it";
}

TEST_F(TftpDoorTest, AnotherModelsStorySaysWhatItAskedForInVain) {
    expect_the_404(fetch("KX-UT123.cfg"));
    EXPECT_THAT(steps(kx),
                Contains("file_refused: asked by TFTP for KX-UT123.cfg, which is not given"));
    neighbours.clear();
    expect_the_404(fetch("KX-UT248.cfg"));
    EXPECT_THAT(steps(kx), Not(Contains(HasSubstr("KX-UT248")))) << "anybody can have sent it";
}

TEST_F(TftpDoorTest, MadeUpNamesMakeNoPhones) {
    const auto before = store->now().devices().size();
    neighbours.clear();
    for (unsigned i = 0; i < 2000; ++i) {
        const auto mac = Mac::from_number(0x0080F0000000 + i);
        expect_the_404(fetch("Config" + mac.str() + ".cfg", base::Ipv4{0x0A000002 + i % 200}));
    }
    EXPECT_EQ(store->now().devices().size(), before);
}

TEST_F(TftpDoorTest, ShutsOutWhoAsksInVainAllTheTimeByTftpAlone) {
    const base::Ipv4 scanner{phone_address.value + 1};
    for (int i = 0; i < 100; ++i) {
        expect_the_404(fetch("passwd", scanner));
        expect_the_404(fetch("passwd", phone_address));
    }
    expect_the_404(fetch("KX-UT670.cfg", scanner));
    expect_the_public_file(fetch());
    const auto all = files->penalties();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].who, "10.0.0.100 by TFTP");
    EXPECT_GT(all[0].row.held, 0U);
    apply({inventory::Assign{kx, {"202"}}});
    neighbours = {{scanner, kx}};
    EXPECT_EQ(boot(scanner).status, 200) << "the sender was made up, perhaps";
}

TEST_F(TftpDoorTest, APhoneThatCameBeforeItsApprovalGetsItsUrlAtTheOtherDoor) {
    expect_the_public_file(fetch());
    expect_the_404(boot());
    apply({inventory::Assign{kx, {"202"}}});
    const auto response = boot();
    ASSERT_EQ(response.status, 200);
    EXPECT_THAT(*response.body, HasSubstr("/p/" + steady_token(kx) + "/"));
    auto own = request(steady_token(kx), "Config0080f0123456.cfg");
    own.user_agent = "Panasonic_KX-UT670/01.070 (0080f0123456)";
    const auto file = files->answer(own);
    ASSERT_EQ(file.status, 200);
    EXPECT_THAT(*file.body, HasSubstr("SIP_PASS_1=\"S3cret-of-202\"\r\n"));
}

TEST_F(TftpDoorTest, WritesThePublicFileForAServerOfSomebodyElse) {
    const auto all = files->public_files(our_address);
    ASSERT_TRUE(all) << all.error().what;
    ASSERT_EQ(all->size(), 1U);
    EXPECT_EQ(all->at(0).name, "KX-UT670.cfg");
    EXPECT_EQ(all->at(0).text, *fetch().body);
}

TEST_F(TftpDoorTest, WritesAPhonesUrlForAMemoryCardAndNoPassword) {
    EXPECT_THAT(files->card_file(kx, our_address).error().what,
                HasSubstr("0080f0123456 is not known: pnp assign 0080f0123456 EXT"));
    apply({inventory::Assign{kx, {"202"}}});
    const auto file = files->card_file(kx, our_address);
    ASSERT_TRUE(file) << file.error().what;
    EXPECT_EQ(file->name, "Config0080F0123456.cfg") << "the card's root, any name on .cfg";
    EXPECT_THAT(file->text, AllOf(HasSubstr("/p/" + steady_token(kx) + "/Config{mac}.cfg"),
                                  Not(HasSubstr("S3cret")), Not(HasSubstr("202"))));
    EXPECT_THAT(files->card_file(phone, our_address).error().what,
                HasSubstr("Htek phones read no file from a memory card"));
}

} // namespace
