import { comparisonPicture } from './comparison-picture.ts'
import { restorePicture, rotationPicture, upgradePicture } from './handbook-pictures.ts'

/** The drawn pictures of the documents, by their paths. */
export function pictureFiles(): Record<string, string> {
  return {
    'docs/pictures/comparison-faults.svg': comparisonPicture(),
    'docs/pictures/handbook-upgrade.svg': upgradePicture(),
    'docs/pictures/handbook-restore.svg': restorePicture(),
    'docs/pictures/handbook-rotation.svg': rotationPicture(),
  }
}
