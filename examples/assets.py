"""A game that starts at once and shows its pictures as they arrive, at 60 frames a second.

    python assets.py DIRECTORY [--frames N]         needs pygame

The pictures are read by a queue. Its port delivers them in the game's own loop, two a
frame, because decoding takes time.
"""

import argparse
import io
import pathlib

import pygame

import mhddq


class Game:
    def __init__(self, directory):
        pygame.init()
        self.screen = pygame.display.set_mode((960, 540))
        self.clock = pygame.time.Clock()
        self.pictures, self.problems, self.longest = [], [], 0  # longest: ms between two frames
        self.disk = mhddq.Queue("assets").port()  # what it calls, it calls in this thread
        for path in sorted(pathlib.Path(directory).glob("*.png")):
            self.disk.file_read(self.arrived, path, binary=True)

    def arrived(self, args):
        if args["result"]:
            data = io.BytesIO(args["output"]["data"])
            self.pictures.append(pygame.image.load(data).convert())
        else:
            self.problems.append(args["output"]["exception"])

    def frame(self):
        self.disk.deliver(limit=2)
        self.screen.fill("black")
        for number, picture in enumerate(self.pictures):
            self.screen.blit(picture, (96 * (number % 10), 96 * (number // 10)))
        pygame.display.flip()
        self.longest = max(self.longest, self.clock.tick(60))


def main():
    parser = argparse.ArgumentParser(
        description="Shows the PNG files of a directory in a game's loop."
    )
    parser.add_argument("directory")
    parser.add_argument("--frames", type=int, help="end after so many frames")
    arguments = parser.parse_args()
    game = Game(arguments.directory)
    frames = 0
    while not any(event.type == pygame.QUIT for event in pygame.event.get()):
        game.frame()
        frames += 1
        if frames == arguments.frames:
            break
    game.disk.close(timeout=0)  # what has not arrived is given up
    print(f"{frames} frames, {len(game.pictures)} pictures, {game.longest} ms the longest frame")
    print(*game.problems, sep="\n", end="")


if __name__ == "__main__":
    main()
